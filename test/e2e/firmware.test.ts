import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import {
  button,
  chooseFile,
  goTo,
  openLine,
  startFlash,
  toImageStep,
  untilPercent,
  verdict,
  withImage,
} from "./steps.ts";

afterAll(closeBrowser);

const small = ["--version", "1.2.4", "--size", "8192"];

function cable(page: Page) {
  return page.getByLabel("Training: pull the cable");
}

/** Presses Tab until the wanted control has the focus: as far as the keyboard has to go, and no further than round once. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.textContent?.trim() === wanted, name)) return;
  }
  throw new Error(`The keyboard does not reach "${name}".`);
}

// Each journey has its own host; what takes time is the simulated line, so they wait beside each other.
describe.concurrent("firmware", () => {
  it("flashes a practice image by keyboard alone; a reload finds the flash again; verified", async () => {
    await journey({}, async ({ page, host }) => {
      await page.getByRole("heading", { name: "What is connected" }).waitFor();
      await tabTo(page, "3  Firmware");
      await page.keyboard.press("Enter");
      await tabTo(page, "Open the line");
      await page.keyboard.press("Enter");
      await page.getByText("The SR01 identified itself").waitFor();
      await tabTo(page, "Next");
      await page.keyboard.press("Enter");
      await tabTo(page, "Make a practice firmware");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "practice-sr01-1.2.4.simrom" }).waitFor();
      await tabTo(page, "Next");
      await page.keyboard.press("Enter");
      await page.getByText("newer", { exact: true }).waitFor();
      await tabTo(page, "Flash now");
      await page.keyboard.press("Enter");
      await untilPercent(page, 10);
      await page.goto(host.url);
      await page.waitForURL(/#\/$/);
      await page.getByRole("link", { name: "Firmware" }).click();
      await page.waitForURL(/#\/firmware\/flash/);
      await untilPercent(page, 20);
      await page.reload();
      await untilPercent(page, 30);
      expect(await verdict(page)).toBe("Verified");
      const { jobs } = await host.call("jobs.history", { limit: 50 });
      expect(jobs.filter((job) => job.kind === "flash")).toMatchObject([
        { state: "done", result: { flash: { firmwareBefore: "1.2.3", firmwareAfter: "1.2.4", verified: true } } },
      ]);
    });
  });

  it("takes an uploaded image and proves its version", async () => {
    await withImage(["--version", "2.0.0", "--size", "4096"], (path) =>
      journey({}, async ({ page }) => {
        await toImageStep(page);
        await chooseFile(page, path);
        await page.getByRole("heading", { name: "unit.simrom" }).waitFor();
        await startFlash(page);
        expect(await verdict(page)).toBe("Verified");
        await page.getByText("2.0.0", { exact: true }).first().waitFor();
      }),
    );
  });

  it.each(["hash", "length", "hardware"])(
    "refuses an image with a spoilt %s, with its reasons, before a byte",
    async (spoil) => {
      await withImage([...small, "--spoil", spoil], (path) =>
        journey({}, async ({ page, host }) => {
          await toImageStep(page);
          await chooseFile(page, path);
          await page.getByRole("heading", { name: "unit.simrom" }).waitFor();
          if (spoil === "hardware") {
            await button(page, "Next").click();
            await page.getByText("a file for this hardware").waitFor();
            expect(await button(page, "Flash now").isDisabled()).toBe(true);
          } else {
            await page.getByRole("alert").first().waitFor();
            await page.getByText("a file without problems").waitFor();
            expect(await button(page, "Next").isDisabled()).toBe(true);
          }
          const { jobs } = await host.call("jobs.history", { limit: 50 });
          expect(jobs.filter((job) => job.kind === "flash")).toEqual([]);
        }),
      );
    },
  );

  it("at a door wants the door's name typed out, and the host refuses the flash without it", async () => {
    await withImage(small, (path) =>
      journey({}, async ({ page, host }) => {
        await goTo(page, "firmware");
        await page.getByRole("radio", { name: /^Alone/ }).check();
        await page.getByRole("checkbox", { name: /A\/B of the door phone is off the line/ }).check();
        await openLine(page);
        await button(page, "Next").click();
        await chooseFile(page, path);
        await button(page, "Next").click();
        await page.getByRole("heading", { name: "Flashing at a door" }).waitFor();
        await page.getByText("the door's name, typed out").waitFor();
        expect(await button(page, "Flash now").isDisabled()).toBe(true);
        const { fileId } = await host.call("training.image", {});
        await expect(host.call("flash.start", { onceId: randomUUID(), fileId })).rejects.toThrow('"field":"doorName"');
        await page.getByLabel("Type the door's name to go on: Practice door").fill("Practice door");
        await button(page, "Flash now").click();
        expect(await verdict(page)).toBe("Verified");
        const { jobs } = await host.call("jobs.history", { limit: 50 });
        expect(jobs.filter((job) => job.kind === "flash")).toHaveLength(1);
      }),
    );
  });

  it("goes on after the cable was out for three seconds, and ends verified", async () => {
    await withImage(small, (path) =>
      journey({}, async ({ page }) => {
        await toImageStep(page);
        await chooseFile(page, path);
        await startFlash(page);
        await untilPercent(page, 30);
        await cable(page).check();
        await pause(3000); // How long the hand holds the plug; nothing is waited for.
        await cable(page).uncheck();
        expect(await verdict(page)).toBe("Verified");
      }),
    );
  });

  it("gives up when the cable stays out, says what to do, and flashes again once it is back", async () => {
    await withImage(small, (path) =>
      journey({}, async ({ page }) => {
        await toImageStep(page);
        await chooseFile(page, path);
        await startFlash(page);
        await untilPercent(page, 30);
        await cable(page).check();
        expect(await verdict(page)).toBe("Failed");
        const card = page.getByRole("alert").filter({ hasText: "Do this next:" });
        await card.getByText("Code and details").click();
        expect(await card.locator("pre").innerText()).toContain('"code": "device-timeout"');
        await cable(page).click(); // It is plugged in, and the switch has gone with it.
        await button(page, "Start again").click();
        await button(page, "Next").click();
        await page.getByRole("heading", { name: "unit.simrom" }).waitFor();
        await startFlash(page);
        expect(await verdict(page)).toBe("Verified");
      }),
    );
  });
});
