import { readdir } from "node:fs/promises";
import { SerialPort } from "serialport";
import { loadUsb, onUsbChange } from "../usb/usb-library.ts";

/** Where the news of plugging and unplugging come from. */
export interface WatchSources {
  /** A text that changes when a port comes or goes; cheap. May reject, e.g. where nobody can list. */
  signature: () => Promise<string>;
  /** Hears the system's own news; null where it has none. */
  usbEvents: (changed: () => void) => Promise<(() => void) | null>;
  /** The signature is looked at so often, ms. */
  everyMs: number;
  /** After news of the system: the port appears, and its rights are set, only some time later. */
  afterNewsMs: readonly number[];
}

/**
 * Tells of every change of the ports until the returned function is called: at once where the system tells, else within
 * `everyMs`. Its timers do not keep the process alive.
 */
export function watchPorts(changed: () => void, sources: WatchSources = systemSources): () => void {
  const timers = new Set<NodeJS.Timeout>();
  let [stopped, known]: [boolean, string | null] = [false, null];
  let leaveEvents: (() => void) | null = null;
  const after = (ms: number, fn: () => void): void => {
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      fn();
    }, ms).unref();
    timers.add(timer);
  };
  const look = async (): Promise<void> => {
    const now = await sources.signature().catch(() => known);
    const isNews = known !== null && now !== known;
    known = now;
    if (isNews && !stopped) changed();
    after(sources.everyMs, () => void look());
  };
  const news = (): void => {
    for (const ms of sources.afterNewsMs) after(ms, changed);
  };
  void look();
  void sources.usbEvents(news).then((leave) => {
    leaveEvents = leave;
    if (stopped) leave?.();
  });
  return () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
    leaveEvents?.();
  };
}

/** Names of all ports and USB devices: two folders on Linux, the serial library's list elsewhere. */
async function systemSignature(): Promise<string> {
  if (process.platform !== "linux") return JSON.stringify(await SerialPort.list());
  const dirs = ["/sys/class/tty", "/sys/bus/usb/devices"];
  const names = await Promise.all(dirs.map((dir) => readdir(dir).catch(() => [])));
  return names.map((list) => list.sort().join(" ")).join("\n");
}

async function systemUsbEvents(changed: () => void): Promise<(() => void) | null> {
  const usb = await loadUsb();
  return usb && onUsbChange(usb, changed);
}

const systemSources: WatchSources = {
  ...{ signature: systemSignature, usbEvents: systemUsbEvents },
  everyMs: process.platform === "linux" ? 1000 : 1500,
  afterNewsMs: [0, 300, 1000],
};
