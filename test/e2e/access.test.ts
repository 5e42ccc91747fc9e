import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import {
  button,
  chooseFile,
  connectPhone,
  goTo,
  startFlash,
  toImageStep,
  untilPercent,
  verdict,
  withImage,
} from "./steps.ts";

afterAll(closeBrowser);

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** No violation of axe's rules in what is shown now; in sunlight with 7:1 for all text. */
async function expectAccessible(page: Page, view: string, theme: string): Promise<void> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const options: RunOptions = {
    resultTypes: ["violations"],
    rules: { "color-contrast-enhanced": { enabled: theme === "sunlight" } },
  };
  const { violations } = await page.evaluate(
    (given) => (window as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(given),
    options,
  );
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => ({ id, target, failureSummary })),
  );
  expect(found, `${view}, ${theme}`).toEqual([]);
}

describe.concurrent("every view", () => {
  it.each(["light", "dark", "sunlight"] as const)("has no violation of axe's rules: %s", async (theme) => {
    await withImage(["--version", "1.2.4", "--size", "8192"], (image) =>
      journey({ theme }, async ({ page }) => {
        const check = (view: string): Promise<void> => expectAccessible(page, view, theme);
        await page.getByRole("heading", { name: "What is connected" }).waitFor();
        await check("start");
        await button(page, /^Site and door/).click();
        await page.getByRole("dialog").waitFor();
        await check("door dialog");
        await page.keyboard.press("Escape");
        await goTo(page, "setup");
        await button(page, "Connect").waitFor();
        await check("setup, connect");
        await connectPhone(page);
        await check("setup, connected");
        await button(page, "Next").click();
        await page.getByRole("heading", { name: "Security Relay A" }).waitFor();
        await check("setup, security relay");
        await button(page, "Next").click();
        await page.getByRole("heading", { name: "Relay A", exact: true }).waitFor();
        await page
          .getByLabel(/^After opening/)
          .first()
          .selectOption({ index: 1 });
        await check("setup, local relays");
        await button(page, "Next").click();
        await page.getByRole("heading", { name: "Web relay" }).waitFor();
        await check("setup, web relay");
        await button(page, "Next").click();
        await page.getByText("1 danger to confirm").waitFor();
        await check("setup, review");
        await page.getByRole("checkbox").first().check();
        await button(page, "Write to door phone").click();
        await page.getByText("Written. Read back: equal").waitFor();
        await check("setup, apply");
        await goTo(page, "firmware");
        await button(page, "Open the line").waitFor();
        await check("firmware, unit");
        await toImageStep(page);
        await chooseFile(page, image);
        await page.getByRole("heading", { name: "unit.simrom" }).waitFor();
        await check("firmware, image");
        await startFlash(page);
        await untilPercent(page, 5);
        await check("firmware, flash");
        expect(await verdict(page)).toBe("Verified");
        await check("firmware, result");
        await goTo(page, "firmware/overview");
        await button(page, "Flash now").waitFor();
        await check("firmware, overview");
        await goTo(page, "live");
        await button(page, "Close the line").waitFor();
        await check("live, connect");
        await button(page, "Next").click();
        await button(page, "Arm for 10 seconds").waitFor();
        await check("live, not armed");
        await button(page, "Arm for 10 seconds").click();
        await button(page, "Open Practice door, Relay A, now").click();
        await page
          .getByText(/may be open/)
          .first()
          .waitFor();
        await check("live, may be open");
        await goTo(page, "recordings");
        await page.getByRole("cell", { name: "Flash firmware" }).waitFor();
        await check("recordings");
        await goTo(page, "settings");
        await page.getByRole("radio", { name: "Deutsch" }).waitFor();
        await check("settings");
      }),
    );
  });
});
