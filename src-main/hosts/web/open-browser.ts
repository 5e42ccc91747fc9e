import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";

/** What {@link openBrowser} needs to know of the machine; `process` fits. */
export interface Machine {
  platform: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absent on Windows. */
  getuid?: () => number;
}

/** A browser that shows the page. `by` is the program that was started. */
export interface OpenedBrowser {
  by: string;
  /** Ends a window of our own (not the person's browser) and removes the private files. Safe to call twice. */
  close(): Promise<void>;
}

const ownWindow = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/**
 * Shows the page: in a window of its own where a Chromium is found, else in the person's browser. Undefined when there is
 * no display or no browser: say "open this address" then. `url` holds the token, and everybody on the machine can read
 * the arguments of a process, so the browser is given a file that only this user can read and that leads to the page.
 */
export async function openBrowser(url: string, machine: Machine = process): Promise<OpenedBrowser | undefined> {
  if (!hasDisplay(machine)) return undefined;
  const found = findBrowser(machine);
  if (!found) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "sr01-toolkit-")); // made with mode 0700
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  const file = join(folder, "open.html");
  await writeFile(file, redirectPage(url), { mode: 0o600, flag: "wx" });
  const args = found.own ? windowArgs(file, folder, machine) : [...found.args, file];
  const child = spawn(found.program, args, { stdio: "ignore", env: { ...machine.env } });
  if (!(await started(child))) {
    await remove();
    return undefined;
  }
  child.unref();
  return {
    by: found.name,
    close: async () => {
      if (found.own) await end(child);
      await remove();
    },
  };
}

/** True where a window can be shown: always on macOS and Windows, elsewhere with X11 or Wayland. */
export function hasDisplay({ platform, env }: Machine): boolean {
  return platform === "darwin" || platform === "win32" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** A page whose only work is to go to `url`; the address is in a script, where no log of addresses sees it. */
export function redirectPage(url: string): string {
  const text = JSON.stringify(url).replaceAll("<", "\\u003c");
  return `<!doctype html><meta charset="utf-8"><title>SR01 Toolkit</title><script>location.replace(${text})</script>\n`;
}

interface Found {
  name: string;
  program: string;
  /** Starts a window with a profile of its own. */
  own: boolean;
  args: readonly string[];
}

function findBrowser(machine: Machine): Found | undefined {
  if (machine.platform === "darwin") return { name: "open", program: "open", own: false, args: [] };
  if (machine.platform === "win32") {
    return { name: "start", program: "cmd.exe", own: false, args: ["/d", "/c", "start", ""] };
  }
  for (const name of [...ownWindow, "xdg-open"]) {
    const program = onPath(name, machine.env.PATH ?? "");
    if (program) return { name, program, own: name !== "xdg-open", args: [] };
  }
  return undefined;
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function windowArgs(file: string, folder: string, machine: Machine): string[] {
  // Chromium refuses to run as root with its sandbox; `--test-type` hides the bar that says so.
  const asRoot = machine.getuid?.() === 0 ? ["--no-sandbox", "--test-type"] : [];
  return [
    `--app=${pathToFileURL(file).href}`,
    `--user-data-dir=${join(folder, "profile")}`,
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    ...asRoot,
  ];
}

function started(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once("spawn", () => resolve(true));
    child.once("error", () => resolve(false));
  });
}

/** The profile can be removed only when the window's process is gone; 3 s is its budget. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const insist = setTimeout(() => child.kill("SIGKILL"), 3000);
    child.once("exit", () => {
      clearTimeout(insist);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
