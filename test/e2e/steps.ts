import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Locator, Page } from "playwright-core";

const entry = resolve(import.meta.dirname, "../../bin/sr01.js");

/** Goes to a view by its address, as a link would. */
export async function goTo(page: Page, view: string): Promise<void> {
  const [base = ""] = page.url().split("#");
  await page.goto(`${base}#/${view}`);
}

/** A button of the page by its exact words. */
export function button(page: Page, name: string | RegExp): Locator {
  return page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
}

/** Relay setup up to a connected door phone; Training fills in what to type. */
export async function connectPhone(page: Page): Promise<void> {
  await goTo(page, "setup");
  await button(page, "Connect").click();
  await page.getByText("connected", { exact: true }).first().waitFor();
  await page.locator("button.next:enabled").waitFor();
}

/** Opens the simulated line and waits for the unit, in the wizard that is shown. */
export async function openLine(page: Page): Promise<void> {
  await button(page, "Open the line").click();
  await page.getByText("The SR01 identified itself").waitFor();
}

/** The Firmware wizard with an identified unit, on the Image step. */
export async function toImageStep(page: Page): Promise<void> {
  await goTo(page, "firmware");
  await openLine(page);
  await button(page, "Next").click();
  await button(page, "Choose a firmware file").waitFor();
}

/** Chooses a file as a person does in the system's dialog. */
export async function chooseFile(page: Page, path: string): Promise<void> {
  const dialog = page.waitForEvent("filechooser");
  await button(page, "Choose a firmware file").click();
  await (await dialog).setFiles(path);
}

/** From a chosen file to the running flash. */
export async function startFlash(page: Page): Promise<void> {
  await button(page, "Next").click();
  await button(page, "Flash now").click();
  await page.getByRole("progressbar").first().waitFor();
}

/** Waits until so many percent are shown as sent. */
export async function untilPercent(page: Page, percent: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(/(\d+) %/.exec(document.querySelector("main")?.textContent ?? "")?.[1] ?? -1) >= wanted,
    percent,
  );
}

/** The verdict of the Result step, in words. */
export async function verdict(page: Page): Promise<string> {
  await page.waitForURL(/#\/firmware\/result/, { timeout: 90_000 });
  return (await page.locator("main .status.big").first().innerText()).trim();
}

/** Runs `sim image` and gives the file's path to `use`. */
export async function withImage<T>(args: readonly string[], use: (path: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "sr01-image-"));
  try {
    const path = join(dir, "unit.simrom");
    await promisify(execFile)(process.execPath, [entry, "sim", "image", path, ...args, "--json"]);
    return await use(path);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
