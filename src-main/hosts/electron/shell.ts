import type { Clock } from "../../lib/clock.ts";
import { redactText, type Log } from "../../lib/log.ts";
import type { Contents, ElectronParts, Session, Window, WindowOptions } from "./seam.ts";

/** What the window shows and watches: the composition root's app with the page beside it. */
export interface ShellApp {
  handler: (request: Request) => Promise<Response>;
  page: (request: Request) => Promise<Response>;
  hub: { onChange(fn: (topic: string) => void): () => void };
  runningJobs(): number;
  close(): Promise<void>;
  log: Log;
}

/** Where the page lives. */
export const homeUrl = "app://main/";
/** Closing the app may take this long; then the program ends all the same. */
export const closeBudgetMs = 5000;

const windowOptions: WindowOptions = {
  width: 1280,
  height: 860,
  minWidth: 360,
  minHeight: 560,
  show: false,
  autoHideMenuBar: true,
  webPreferences: {
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
    spellcheck: false, // It would fetch dictionaries from the network.
  },
};

/** Must run before the app is ready: makes `app:` an origin of its own that `fetch` may use. Nothing more is needed. */
export function registerScheme(protocol: ElectronParts["protocol"]): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true } as const;
  protocol.registerSchemesAsPrivileged([{ scheme: "app", privileges }]);
}

/**
 * Runs the app in Electron. There is no updater: nothing here uses the network unless a person asks for it. Resolves when
 * the window is open, with undefined when another instance runs, which then comes to the front.
 */
export async function startShell(
  electron: ElectronParts,
  createApp: () => Promise<ShellApp>,
  clock: Clock,
): Promise<Window | undefined> {
  if (!electron.app.requestSingleInstanceLock()) {
    electron.app.quit();
    return undefined;
  }
  electron.app.on("window-all-closed", () => electron.app.quit());
  electron.app.on("web-contents-created", (_event, contents) => lockContents(contents));
  await electron.app.whenReady();
  const app = await createApp();
  lockSession(electron.session.defaultSession, app.log);
  electron.protocol.handle("app", (request) => answer(request, app));
  keepAwake(electron.powerSaveBlocker, app);
  closeOnQuit(electron.app, app, clock);
  const window = openWindow(electron, app);
  electron.app.on("second-instance", () => bringToFront(window));
  await window.loadURL(homeUrl);
  return window;
}

/** Requests of the page: the API, its files, nothing else. */
export function answer(request: Request, app: Pick<ShellApp, "handler" | "page">): Promise<Response> {
  const url = new URL(request.url);
  if (url.host !== "main") return Promise.resolve(new Response(null, { status: 404 }));
  return url.pathname.startsWith("/api/") ? app.handler(request) : app.page(request);
}

/** True for what a request may go to: our own scheme, and data that the page made itself. */
export function isOurs(url: string): boolean {
  return url.startsWith(homeUrl) || url.startsWith(`blob:${homeUrl}`) || url.startsWith("data:");
}

function lockSession(session: Session, log: Log): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest(({ url }, decide) => {
    const cancel = !isOurs(url);
    if (cancel) log.warn("electron.request-cancelled", { url: redactText(url.slice(0, 200)) });
    decide({ cancel });
  });
}

function lockContents(contents: Contents): void {
  const stay = (event: { preventDefault(): void }, url: string): void => {
    if (!url.startsWith(homeUrl)) event.preventDefault();
  };
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
  contents.on("will-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-frame-navigate", (event) => stay(event, event.url));
  contents.on("will-attach-webview", (event) => event.preventDefault());
}

function openWindow(electron: ElectronParts, app: ShellApp): Window {
  const window = electron.openWindow(windowOptions);
  window.once("ready-to-show", () => window.show());
  window.on("close", (event) => {
    if (app.runningJobs() > 0 && !mayClose(electron.dialog)) event.preventDefault();
  });
  return window;
}

function mayClose(dialog: ElectronParts["dialog"]): boolean {
  const pressed = dialog.showMessageBoxSync({
    type: "warning",
    message: "Work is still running.",
    detail: "Closing now stops it where it is. What a unit does after a cut firmware transfer is not known.",
    buttons: ["Keep working", "Close all the same"],
    defaultId: 0,
    cancelId: 0,
  });
  return pressed === 1;
}

/** A laptop that falls asleep cuts a flash, so it stays awake while a job runs and only then. */
function keepAwake(blocker: ElectronParts["powerSaveBlocker"], app: Pick<ShellApp, "hub" | "runningJobs">): void {
  let id: number | undefined;
  app.hub.onChange(() => {
    const busy = app.runningJobs() > 0;
    if (busy && id === undefined) id = blocker.start("prevent-app-suspension");
    if (busy || id === undefined) return;
    blocker.stop(id);
    id = undefined;
  });
}

function closeOnQuit(app: ElectronParts["app"], shellApp: Pick<ShellApp, "close" | "log">, clock: Clock): void {
  let closing = false;
  app.on("will-quit", (event) => {
    event.preventDefault();
    if (closing) return;
    closing = true;
    const end = (code: number): void => {
      callOff();
      app.exit(code);
    };
    const callOff = clock.after(closeBudgetMs, () => {
      shellApp.log.error("electron.close-too-slow", { closeBudgetMs });
      end(1);
    });
    shellApp.close().then(
      () => end(0),
      (error: unknown) => {
        shellApp.log.error("electron.close-failed", { message: redactText(String(error)) });
        end(1);
      },
    );
  });
}

function bringToFront(window: Window): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
