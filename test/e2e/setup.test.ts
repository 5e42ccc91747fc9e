import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import { button, connectPhone, goTo } from "./steps.ts";

afterAll(closeBrowser);

describe.concurrent("relay setup", () => {
  it("changes fields, asks about the danger, reads back equal and takes it back; Back and reload lose nothing", async () => {
    await journey({}, async ({ page, host }) => {
      const watch = await host.watch();
      await connectPhone(page);
      await button(page, "Next").click();
      await button(page, "Next").click();
      const openTime = page.getByLabel(/^Open time/).first();
      const mode = page.getByLabel(/^After opening/).first();
      const local = page.getByRole("heading", { name: "Relay A", exact: true });
      await local.waitFor(); // The step before has an Open time, too.
      expect(await openTime.inputValue()).toBe("5");
      await openTime.fill("7");
      await mode.selectOption({ label: "stays until triggered again (Bistable)" });
      await page.getByText("2 fields changed").waitFor();

      await button(page, "Back").click();
      await page.getByRole("heading", { name: "Security Relay A" }).waitFor();
      await button(page, "Next").click();
      await local.waitFor();
      expect(await openTime.inputValue()).toBe("7");
      await page.reload();
      await local.waitFor();
      expect(await openTime.inputValue()).toBe("7");
      await page.getByText("2 fields changed").waitFor();

      await button(page, "Next").click();
      await page.getByRole("heading", { name: "Web relay" }).waitFor();
      await button(page, "Next").click();
      await page.getByText("1 danger to confirm").waitFor();
      expect(await button(page, "Write to door phone").isDisabled()).toBe(true);
      await page.getByRole("checkbox", { name: /stays unlocked after opening/ }).check();
      await button(page, "Write to door phone").click();
      await page.getByText("Written. Read back: equal").waitFor();
      expect(watch.last("phone")?.settings?.fields).toMatchObject({
        "relayA.holdDelay": { value: "7" },
        "relayA.mode": { value: "1" },
      });

      await button(page, "Undo").click();
      await page.getByText("Taken back. Read back: equal").waitFor();
      expect(watch.last("phone")?.settings?.fields).toMatchObject({
        "relayA.holdDelay": { value: "5" },
        "relayA.mode": { value: "0" },
      });
    });
  });

  it("says in words that the password is wrong, and lets one try again", async () => {
    await journey({}, async ({ page }) => {
      await goTo(page, "setup");
      const password = page.getByLabel("Password", { exact: true });
      const right = await password.inputValue();
      await password.fill("not this one");
      await button(page, "Connect").click();
      const card = page.getByRole("alert");
      await card
        .getByText(/password/i)
        .first()
        .waitFor();
      await card.getByText("Do this next:").waitFor();
      await card.getByText("Code and details").click();
      expect(await card.locator("pre").innerText()).toContain('"code": "device-auth"');
      expect(await card.innerText()).not.toContain("not this one");
      await password.fill(right);
      await button(page, "Connect").click();
      await page.locator("button.next:enabled").waitFor();
    });
  });
});
