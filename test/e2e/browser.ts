import { accessSync, constants } from "node:fs";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";
import { startHost, type Host } from "./host.ts";

/** How a journey begins. */
export interface JourneyOptions {
  training?: boolean;
  /** Further arguments for Chromium; such a browser is not shared. */
  browserArgs?: (host: Host) => string[];
  context?: BrowserContextOptions;
  theme?: "light" | "dark" | "sunlight";
  language?: "en" | "de";
  /** Complaints of the browser that belong to the journey, as `<address> <text>`. */
  expected?: RegExp;
}

/** What a journey is given. */
export interface Journey {
  host: Host;
  context: BrowserContext;
  /** Shows the start page. */
  page: Page;
  /** Opens one more page, watched like the first. */
  another(): Promise<Page>;
}

const places = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const quiet = [
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  ...[
    "--no-default-browser-check",
    "--disable-default-apps",
    "--metrics-recording-only",
    "--disable-domain-reliability",
  ],
];

/** Starts Chromium without a window; it looks for nothing on the network by itself. */
export function launch(args: readonly string[] = []): Promise<Browser> {
  const executablePath = places.find((path) => path !== undefined && isExecutable(path));
  if (executablePath === undefined) throw new Error("No Chromium; set CHROMIUM_PATH.");
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args: [...quiet, ...asRoot, ...args] });
}

let shared: Promise<Browser> | undefined;

/** Ends the browser that the journeys of a file share. */
export async function closeBrowser(): Promise<void> {
  const browser = await shared;
  shared = undefined;
  await browser?.close();
}

/**
 * One journey in a browser context of its own against a host of its own. Fails on a console error, an exception of the
 * page, a report of the content security policy, or a request that leaves the origin.
 */
export async function journey(options: JourneyOptions, walk: (given: Journey) => Promise<void>): Promise<void> {
  const host = await startHost({ training: options.training ?? true });
  const own = options.browserArgs ? await launch(options.browserArgs(host)) : undefined;
  try {
    const browser = own ?? (await (shared ??= launch()));
    const context = await browser.newContext({
      ...{ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce" },
      storageState: { cookies: [], origins: [{ origin: host.origin, localStorage: lookOf(options) }] },
      ...options.context,
    });
    context.setDefaultTimeout(20_000);
    await gatherReports(context);
    const problems = observe(context, host.origin, options.expected);
    const another = async (): Promise<Page> => {
      const page = await context.newPage();
      await page.goto(host.url);
      return page;
    };
    try {
      await walk({ host, context, page: await another(), another });
      await reports(context, host.origin, problems);
      expect(problems).toEqual([]);
    } finally {
      await context.close();
    }
  } finally {
    await own?.close();
    await host.stop();
  }
}

function lookOf({ theme = "light", language = "en" }: JourneyOptions): { name: string; value: string }[] {
  return [
    { name: "sr01-theme", value: theme },
    { name: "sr01-language", value: language },
  ];
}

/** Gathers what must not happen in any journey. */
function observe(context: BrowserContext, origin: string, expected: RegExp | undefined): string[] {
  const problems: string[] = [];
  context.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol) && asked !== origin) problems.push(`request to ${request.url()}`);
  });
  context.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (expected?.test(`${message.location().url} ${message.text()}`)) return;
    problems.push(`console ${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => problems.push(`exception: ${error.error().message}`));
  return problems;
}

async function gatherReports(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const told: string[] = [];
    Object.assign(window, { cspReports: told });
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      told.push(`${violatedDirective} ${blockedURI}`),
    );
  });
}

async function reports(context: BrowserContext, origin: string, problems: string[]): Promise<void> {
  for (const page of context.pages()) {
    if (!page.url().startsWith(origin)) continue;
    const told = await page.evaluate(() => (window as unknown as { cspReports: string[] }).cspReports);
    problems.push(...told.map((one) => `content security policy: ${one}`));
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
