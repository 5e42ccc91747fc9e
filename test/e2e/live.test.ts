import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import type { Watch } from "./host.ts";
import { button, connectPhone, goTo, openLine } from "./steps.ts";

afterAll(closeBrowser);

/** How often the simulated SR01's output 0 went on, as the simulator itself tells. */
function timesOn(watch: Watch): number {
  return risings(watch.told("training").map((bench) => bench?.outputs[0] ?? 0));
}

/** How often the simulated door phone's relay A went on. */
function relayTimesOn(watch: Watch): number {
  return risings(watch.told("training").map((bench) => bench?.phoneRelays["A"] ?? 0));
}

function risings(levels: readonly number[]): number {
  return levels.filter((level, i) => level === 1 && levels[i - 1] === 0).length;
}

describe.concurrent("live test", () => {
  it("moves the SR01 once for two quick presses and shows it on and off as it happens", async () => {
    await journey({}, async ({ page, host }) => {
      const watch = await host.watch();
      await goTo(page, "live");
      await openLine(page);
      await button(page, "Next").click();
      const pulse = button(page, "Open Practice door by SR01, 1 s, now");
      expect(await pulse.isDisabled()).toBe(true);
      await page.getByText("The buttons below work once it is armed.").waitFor();
      await button(page, "Arm for 10 seconds").click();
      await pulse.dblclick();
      const output = page.locator(".out .lamp");
      await output.getByText("on", { exact: true }).waitFor();
      await page.getByText("SR01 output 0 is on").waitFor();
      await page.getByText(/may be open/).waitFor();
      await output.getByText("off", { exact: true }).waitFor();
      await page.getByText("The SR01 carried it out: output 0 read on, then off again").waitFor();
      expect(await pulse.isDisabled()).toBe(true);
      expect(timesOn(watch)).toBe(1);
      const { jobs } = await host.call("jobs.history", { limit: 50 });
      expect(jobs.filter((job) => job.kind === "sr01.output")).toMatchObject([{ state: "done" }]);
    });
  });

  it("triggers a relay of the door phone once, and only where the line mode allows it", async () => {
    await journey({}, async ({ page, host }) => {
      const watch = await host.watch();
      await connectPhone(page);
      await goTo(page, "live/trigger");
      await page.getByText("Off: the RS485 line is not open.").waitFor();
      await button(page, "Arm for 10 seconds").click();
      await button(page, "Open Practice door, Relay A, now").dblclick();
      await page.getByText("Door phone: relay A is high").waitFor();
      await page.getByText("The door phone accepted: Relay A").waitFor();
      expect(relayTimesOn(watch)).toBe(1);
      expect(timesOn(watch)).toBe(0);

      await goTo(page, "live/connect");
      await page.getByRole("radio", { name: /^Alone/ }).check();
      await page.getByText("confirm that A/B of the door phone is off").waitFor();
      expect(await button(page, "Open the line").isDisabled()).toBe(true);
      await page.getByRole("checkbox", { name: /A\/B of the door phone is off the line/ }).check();
      await openLine(page);
      await button(page, "Next").click();
      await page.getByText(/^Off: in line mode Alone the door phone is not on the line/).waitFor();
      await button(page, "Arm for 10 seconds").click();
      await page.getByText(/^Armed/).waitFor();
      expect(await button(page, "Open Practice door, Relay A, now").isDisabled()).toBe(true);
      expect(await button(page, "Open Practice door by SR01, 1 s, now").isEnabled()).toBe(true);
      await goTo(page, "");
      await page.getByRole("heading", { name: "Practice door is not handed back yet" }).waitFor();
    });
  });

  it("sends nothing while listening, and says so at the buttons that stay off", async () => {
    await journey({}, async ({ page }) => {
      await goTo(page, "live");
      await page.getByRole("radio", { name: /^Listening/ }).check();
      await button(page, "Open the line").click();
      await page.getByText("Listening only; nothing is sent").waitFor();
      await button(page, "Next").click();
      await page.getByText(/^Off: in line mode Listening the door phone is in charge/).waitFor();
      expect(await button(page, "Arm for 10 seconds").isDisabled()).toBe(true);
      expect(await button(page, "Open Practice door by SR01, 1 s, now").isDisabled()).toBe(true);
    });
  });

  it("gives the trigger to one page at a time", async () => {
    await journey({}, async ({ page, another }) => {
      await connectPhone(page);
      await goTo(page, "live/trigger");
      const other = await another();
      await goTo(other, "live/trigger");
      await button(page, "Arm for 10 seconds").click();
      await other.getByText("Another page holds the trigger.").waitFor();
      expect(await button(other, "Open Practice door, Relay A, now").isDisabled()).toBe(true);
      await button(page, "Disarm").click();
      await button(other, "Arm for 10 seconds").click();
      await other.getByText(/^Armed/).waitFor();
      await page.getByText("Another page holds the trigger.").waitFor();
    });
  });
});
