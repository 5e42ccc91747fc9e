import type { Page } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { de } from "../../src-renderer/i18n/de.ts";
import { en } from "../../src-renderer/i18n/en.ts";
import { closeBrowser, journey } from "./browser.ts";
import { button, goTo } from "./steps.ts";

afterAll(closeBrowser);

function texts(words: object): string[] {
  return Object.values(words).flatMap((value: unknown) =>
    typeof value === "string" ? value.split(/\{\w+\}|\|/).map((part) => part.trim()) : texts(value as object),
  );
}

const german = texts(de).join("\n");
/** English pieces of two words and more that are no part of any German text. */
const onlyEnglish = [...new Set(texts(en))].filter(
  (text) => /\w \w/.test(text) && text.length > 8 && !german.includes(text),
);

async function expectGerman(page: Page): Promise<void> {
  const shown = await page.locator("#app").innerText();
  expect(onlyEnglish.filter((text) => shown.includes(text))).toEqual([]);
  expect(shown).not.toMatch(/\b(setup|live|firmware|field|choice|device|frame)\.[a-z]+\.?[a-z]/i);
}

it("speaks German in every view once it is chosen, and keeps to it", async () => {
  await journey({}, async ({ page }) => {
    expect(onlyEnglish.length).toBeGreaterThan(150);
    await goTo(page, "settings");
    await page.getByRole("radio", { name: "Deutsch" }).check();
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    await expectGerman(page);
    await page.reload();
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("de");

    await goTo(page, "setup");
    await expectGerman(page);
    await button(page, "Verbinden").click();
    await page.locator("button.next:enabled").waitFor();
    for (const heading of ["Sicherheitsrelais A", "Relais A", "Web-Relais"]) {
      await button(page, "Weiter").click();
      await page.getByRole("heading", { name: heading, exact: true }).first().waitFor();
      await expectGerman(page);
    }
    await goTo(page, "firmware");
    await button(page, "Leitung öffnen").click();
    await page.locator("button.next:enabled").waitFor();
    await expectGerman(page);
    await button(page, "Weiter").click();
    await button(page, "Übungs-Firmware machen").click();
    await page.locator("button.next:enabled").waitFor();
    await expectGerman(page);
    await button(page, "Weiter").click();
    await button(page, "Jetzt übertragen").waitFor();
    await expectGerman(page);
    await goTo(page, "live/trigger");
    await button(page, "10 Sekunden scharf stellen").click();
    await page.getByText("Jetzt einen der Knöpfe darunter drücken.").waitFor();
    await expectGerman(page);
    await goTo(page, "recordings");
    await page.getByRole("cell", { name: "Türstation verbinden" }).waitFor();
    await expectGerman(page);
    await goTo(page, "");
    await page.getByRole("heading", { name: "Was verbunden ist" }).waitFor();
    await expectGerman(page);
  });
});
