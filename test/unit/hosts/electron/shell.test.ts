import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type {
  Contents,
  ElectronParts,
  Session,
  Window,
  WindowOptions,
} from "../../../../src-main/hosts/electron/seam.ts";
import { answer, homeUrl, isOurs, registerScheme, startShell } from "../../../../src-main/hosts/electron/shell.ts";
import { memoryLog, settle, virtualClock } from "../../../api/support.ts";

type Fn = (...args: unknown[]) => unknown;

/** Remembers listeners by event and fires them. */
function emitter() {
  const listeners = new Map<string, Fn>();
  const on = (event: string, fn: unknown): void => void listeners.set(event, fn as Fn);
  const fire = (event: string, ...args: unknown[]) => listeners.get(event)?.(...args);
  return { on, once: on, fire };
}
const preventable = () => {
  const event = { prevented: false, preventDefault: () => void (event.prevented = true) };
  return event;
};

/** A double of the electron module: plain data of what it was asked to do. */
function electronDouble({ first = true, pressed = 0 } = {}) {
  const did: string[] = [];
  const note =
    (what: string) =>
    (...args: unknown[]): void =>
      void did.push([what, ...args].join(" "));
  const [app, window] = [emitter(), emitter()];
  const kept: {
    options?: WindowOptions;
    handler?: (request: Request) => Promise<Response>;
    locks: Record<string, Fn>;
  } = {
    locks: {},
  };
  const keep = (name: string) => (fn: unknown) => void (kept.locks[name] = fn as Fn);
  const session: Session = {
    setPermissionRequestHandler: keep("request"),
    setPermissionCheckHandler: keep("check"),
    setDevicePermissionHandler: keep("device"),
    webRequest: { onBeforeRequest: keep("before") },
  };
  const theWindow: Window = {
    ...window,
    loadURL: (url) => Promise.resolve(note("load")(url)),
    show: note("show"),
    focus: note("focus"),
    restore: note("restore"),
    isMinimized: () => true,
  };
  const parts: ElectronParts = {
    app: {
      ...app,
      requestSingleInstanceLock: () => first,
      quit: note("quit"),
      exit: note("exit"),
      whenReady: () => Promise.resolve(),
    },
    protocol: {
      registerSchemesAsPrivileged: (schemes) => note("scheme")(JSON.stringify(schemes)),
      handle: (scheme, handler) => {
        note("handle")(scheme);
        kept.handler = handler;
      },
    },
    session: { defaultSession: session },
    dialog: {
      showMessageBoxSync: ({ message, defaultId, cancelId }) => {
        note("ask")(message, defaultId, cancelId);
        return pressed;
      },
    },
    powerSaveBlocker: {
      start: (kind) => {
        note("awake")(kind);
        return 7;
      },
      stop: note("asleep"),
    },
    openWindow: (options) => {
      kept.options = options;
      return theWindow;
    },
  };
  return { parts, did, kept, appEvents: app, windowEvents: window };
}

function appDouble() {
  const state = { jobs: 0, changed: (): void => undefined, close: (): Promise<void> => Promise.resolve() };
  const log = memoryLog();
  const text = (words: string) => (): Promise<Response> => Promise.resolve(new Response(words));
  const app = {
    handler: text("api"),
    page: text("page"),
    hub: { onChange: (fn: (topic: string) => void) => ((state.changed = () => fn("jobs")), () => undefined) },
    runningJobs: () => state.jobs,
    close: () => state.close(),
    log,
  };
  return { app, state, log };
}

async function started(options: Parameters<typeof electronDouble>[0] = {}) {
  const electron = electronDouble(options);
  const double = appDouble();
  const clock = virtualClock();
  await startShell(electron.parts, () => Promise.resolve(double.app), clock);
  return { ...electron, ...double, clock };
}

describe("the window and its lock", () => {
  it("opens one sandboxed window on the page and shows it when it is drawn", async () => {
    const { did, kept, windowEvents } = await started();
    expect(did).toEqual(["handle app", `load ${homeUrl}`]);
    expect(kept.options?.webPreferences).toEqual({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    });
    windowEvents.fire("ready-to-show");
    expect(did.at(-1)).toBe("show");
  });

  it("leaves a second start to the first instance, which comes to the front", async () => {
    const second = electronDouble({ first: false });
    let made = 0;
    const create = () => Promise.resolve((made++, appDouble().app));
    expect(await startShell(second.parts, create, virtualClock())).toBeUndefined();
    expect([second.did, made]).toEqual([["quit"], 0]);
    const { did, appEvents } = await started();
    appEvents.fire("second-instance");
    expect(did.slice(-3)).toEqual(["restore", "show", "focus"]);
  });

  it("denies every permission", async () => {
    const { kept } = await started();
    const answers: unknown[] = [];
    kept.locks.request?.({}, "media", (yes: boolean) => answers.push(yes));
    expect([answers, kept.locks.check?.(), kept.locks.device?.()]).toEqual([[false], false, false]);
  });

  it.each([
    ["app://main/index.html", true],
    ["app://main/api/events", true],
    ["blob:app://main/1234", true],
    ["data:image/png;base64,AA==", true],
    ["app://mainframe/", false],
    ["app://other/", false],
    ["http://127.0.0.1:80/", false],
    ["https://updates.example/", false],
    ["ws://10.0.0.1/", false],
    ["file:///etc/passwd", false],
    ["blob:https://evil.example/1", false],
    ["devtools://devtools/x", false],
  ])("request to %s: %s", async (url, allowed) => {
    const { kept } = await started();
    const verdicts: unknown[] = [];
    kept.locks.before?.({ url }, (verdict: unknown) => verdicts.push(verdict));
    expect([isOurs(url), verdicts]).toEqual([allowed, [{ cancel: !allowed }]]);
  });

  it("keeps every page where it is, opens no popups and no webview", async () => {
    const { appEvents } = await started();
    const contents = emitter();
    let popup: unknown;
    const lock: Contents["setWindowOpenHandler"] = (handler) => (popup = handler());
    appEvents.fire("web-contents-created", {}, { ...contents, setWindowOpenHandler: lock });
    expect(popup).toEqual({ action: "deny" });
    const rows: [string, string, boolean][] = [
      ["will-navigate", "https://evil.example/", true],
      ["will-navigate", "app://main.evil.example/", true],
      ["will-navigate", "app://main/#/firmware", false],
      ["will-redirect", "http://10.0.0.1/", true],
      ["will-frame-navigate", "data:text/html,x", true],
      ["will-attach-webview", "", true],
    ];
    for (const [name, url, prevented] of rows) {
      const event = { ...preventable(), url };
      event.preventDefault = () => void (event.prevented = true);
      contents.fire(name, event, url);
      expect({ name, url, prevented: event.prevented }).toEqual({ name, url, prevented });
    }
  });

  it("asks for nothing more than a standard, secure scheme that fetch may use", () => {
    const { parts, did } = electronDouble();
    registerScheme(parts.protocol);
    const privileges = { standard: true, secure: true, supportFetchAPI: true };
    expect(did).toEqual([`scheme ${JSON.stringify([{ scheme: "app", privileges }])}`]);
  });

  it.each([
    ["app://main/api/app.state", "api"],
    ["app://main/", "page"],
    ["app://main/assets/../api/x", "api"],
    ["app://main/apis/x", "page"],
    ["app://elsewhere/api/x", "404"],
  ])("%s is answered by %s", async (url, by) => {
    // Node's URL knows no host rules of `app:`; Chromium hands over what it has already made standard.
    const response = await answer(new Request(url), appDouble().app);
    expect(response.status === 404 ? "404" : await response.text()).toBe(by);
  });
});

describe("while jobs run", () => {
  it.each([
    { name: "nothing runs", jobs: 0, pressed: 0, asked: false, prevented: false },
    { name: "keep working", jobs: 1, pressed: 0, asked: true, prevented: true },
    { name: "close all the same", jobs: 1, pressed: 1, asked: true, prevented: false },
  ])("closing: $name", async ({ jobs, pressed, asked, prevented }) => {
    const { windowEvents, state, did } = await started({ pressed });
    state.jobs = jobs;
    const event = preventable();
    windowEvents.fire("close", event);
    expect([did.includes("ask Work is still running. 0 0"), event.prevented]).toEqual([asked, prevented]);
  });

  it("the machine stays awake, exactly as long", async () => {
    const { state, did } = await started();
    for (const jobs of [0, 1, 2, 1, 0, 0, 1, 0]) {
      state.jobs = jobs;
      state.changed();
    }
    const awake = "awake prevent-app-suspension";
    expect(did.slice(2)).toEqual([awake, "asleep 7", awake, "asleep 7"]);
  });
});

describe("the end", () => {
  it.each([
    { name: "closes the app first", close: () => Promise.resolve(), exit: "exit 0", afterMs: 0 },
    { name: "ends although closing failed", close: () => Promise.reject(new Error("no")), exit: "exit 1", afterMs: 0 },
    {
      name: "ends although closing hangs",
      close: () => new Promise<void>(() => undefined),
      exit: "exit 1",
      afterMs: 5000,
    },
  ])("$name", async ({ close, exit, afterMs }) => {
    const { appEvents, state, did, clock } = await started();
    state.close = close;
    appEvents.fire("window-all-closed");
    const events = [preventable(), preventable()];
    for (const event of events) appEvents.fire("will-quit", event);
    await settle();
    if (afterMs > 0) {
      await clock.advance(afterMs - 1);
      expect(did.at(-1)).toBe("quit");
      await clock.advance(1);
    }
    expect(did.slice(2)).toEqual(["quit", exit]);
    expect(events.every(({ prevented }) => prevented)).toBe(true);
  });
});

describe("the Electron host", () => {
  it("stays under 300 lines, all files together", () => {
    const folder = new URL("../../../../src-main/hosts/electron/", import.meta.url);
    const lines = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8").split("\n").length - 1);
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThan(300);
  });
});
