type Listener = (...args: never[]) => void;
interface Preventable {
  preventDefault(): void;
}

/** The page inside a window, as far as it is locked down. */
export interface Contents {
  setWindowOpenHandler(handler: () => { action: "deny" }): void;
  on(event: "will-navigate" | "will-redirect", fn: (event: Preventable, url: string) => void): unknown;
  on(event: "will-frame-navigate", fn: (event: Preventable & { url: string }) => void): unknown;
  on(event: "will-attach-webview", fn: (event: Preventable) => void): unknown;
}

/** The one window. */
export interface Window {
  loadURL(url: string): Promise<void>;
  show(): void;
  focus(): void;
  restore(): void;
  isMinimized(): boolean;
  on(event: "close", fn: (event: Preventable) => void): unknown;
  once(event: "ready-to-show", fn: () => void): unknown;
}

/** The browser session whose requests and permissions are cut. */
export interface Session {
  setPermissionRequestHandler(
    fn: (contents: unknown, permission: unknown, answer: (yes: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(fn: () => boolean): void;
  setDevicePermissionHandler(fn: () => boolean): void;
  webRequest: {
    onBeforeRequest(fn: (details: { url: string }, answer: (verdict: { cancel: boolean }) => void) => void): void;
  };
}

/** What is used of the electron module, so that a plain object can stand in for it. */
export interface ElectronParts {
  app: {
    requestSingleInstanceLock(): boolean;
    quit(): void;
    exit(code: number): void;
    whenReady(): Promise<void>;
    on(event: "second-instance" | "window-all-closed", fn: Listener): unknown;
    on(event: "will-quit", fn: (event: Preventable) => void): unknown;
    on(event: "web-contents-created", fn: (event: unknown, contents: Contents) => void): unknown;
  };
  protocol: {
    registerSchemesAsPrivileged(
      schemes: { scheme: string; privileges: { standard: true; secure: true; supportFetchAPI: true } }[],
    ): void;
    handle(scheme: string, handler: (request: Request) => Promise<Response>): void;
  };
  session: { defaultSession: Session };
  dialog: {
    showMessageBoxSync(options: {
      type: "warning";
      message: string;
      detail: string;
      buttons: string[];
      defaultId: number;
      cancelId: number;
    }): number;
  };
  powerSaveBlocker: { start(kind: "prevent-app-suspension"): number; stop(id: number): unknown };
  openWindow(options: WindowOptions): Window;
}

/** Options of the window; the web preferences are the lock. */
export interface WindowOptions {
  width: number;
  height: number;
  minWidth: number;
  minHeight: number;
  show: boolean;
  autoHideMenuBar: boolean;
  webPreferences: {
    sandbox: true;
    contextIsolation: true;
    nodeIntegration: false;
    webviewTag: false;
    spellcheck: false;
  };
}
