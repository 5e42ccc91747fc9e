import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { app, BrowserWindow, dialog, powerSaveBlocker, protocol, session } from "electron";
import { systemClock } from "../../lib/clock.ts";
import { defaultDataDir } from "../data-dir.ts";
import { createNodeApp } from "../node-app.ts";
import { registerScheme, startShell } from "./shell.ts";

const { values } = parseArgs({ args: process.argv.slice(1), options: { data: { type: "string" } }, strict: false });
const { platform, env } = process;
const given = typeof values.data === "string" ? values.data : defaultDataDir({ platform, env, homeDir: homedir() });
const dataDir = resolve(given);
// Chromium's own files stay apart from ours; the lock for a single instance lies there too, so it is one per data folder.
app.setPath("userData", join(dataDir, "window"));
registerScheme(protocol);

const openWindow = (options: Electron.BrowserWindowConstructorOptions): BrowserWindow => new BrowserWindow(options);
startShell(
  { app, protocol, session, dialog, powerSaveBlocker, openWindow },
  () => createNodeApp({ dataDir, host: "electron" }),
  systemClock,
).catch((error: unknown) => {
  dialog.showErrorBox("SR01 Toolkit could not start", error instanceof Error ? error.message : String(error));
  app.exit(70);
});
