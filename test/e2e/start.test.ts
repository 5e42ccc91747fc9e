import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import { button } from "./steps.ts";

afterAll(closeBrowser);

describe("start", () => {
  it("says REAL DOOR until Training is opened, which is one press away, and takes all of it back", async () => {
    await journey({ training: false }, async ({ page, host }) => {
      await page.getByText("REAL DOOR", { exact: true }).waitFor();
      await button(page, "Open Training").click();
      await page.getByText(/^TRAINING – simulated/).waitFor();
      expect((await host.call("app.state", {})).training).toBe(true);
      expect(await page.getByText("REAL DOOR", { exact: true }).count()).toBe(0);
      await page.getByText("Training · Practice door").waitFor();
      await button(page, "Leave Training").click();
      await page.getByText("REAL DOOR", { exact: true }).waitFor();
      await page.getByText("No door", { exact: true }).waitFor();
      expect(await host.call("app.state", {})).toMatchObject({ training: false, door: null });
    });
  });

  it("keeps the token out of the address, the links and what other pages are told", async () => {
    await journey({ training: false }, async ({ page, host, context }) => {
      await button(page, "Open Training").waitFor();
      expect(page.url()).toBe(`${host.origin}/#/`);
      expect(await page.content()).not.toContain(host.token);
      expect(await context.cookies()).toEqual([]);
      expect(await page.evaluate(() => sessionStorage.getItem("sr01-token"))).toBe(host.token);
    });
  });

  it("says that the toolkit went away, and every view can still be walked to", async () => {
    await journey({ expected: /\/api\/events .*(ERR_CONNECTION|ERR_INCOMPLETE)/ }, async ({ page, host }) => {
      await page.getByRole("heading", { name: "What is connected" }).waitFor();
      await page.waitForFunction(
        () => performance.getEntriesByType("resource").filter(({ name }) => /Page-[^/]+\.js$/.test(name)).length >= 5,
      );
      await host.stop();
      await page.getByText(/^Connection lost\./).waitFor();
      await page.getByRole("link", { name: "Firmware" }).click();
      await button(page, "Open the line").waitFor();
      await page.getByRole("link", { name: "Settings" }).click();
      await page.getByRole("heading", { name: "Theme" }).waitFor();
    });
  });

  it("lets three pages follow and shows the fourth that it is already open, with a way to use it here", async () => {
    await journey({ expected: /\/api\/events .*status of 400/ }, async ({ page, another }) => {
      const pages = [page, await another(), await another()];
      for (const one of pages) await one.getByRole("heading", { name: "What is connected" }).waitFor();
      const fourth = await another();
      await fourth.getByRole("heading", { name: "Already open" }).waitFor();
      await button(fourth, "Use here").click();
      await fourth.getByRole("heading", { name: "What is connected" }).waitFor();
      const [oldest] = pages;
      await oldest?.getByRole("heading", { name: "Already open" }).waitFor();
    });
  });
});
