import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fail } from "../../lib/errors.ts";
import { realPath } from "./aliases.ts";

async function timerFile(path: string, sysRoot: string): Promise<string> {
  return join(sysRoot, "bus/usb-serial/devices", basename(await realPath(path)), "latency_timer");
}

/** The latency timer of an FTDI adapter in ms, or null: another chip, or a system that does not show it. */
export async function readLatencyTimer(path: string, sysRoot = "/sys"): Promise<number | null> {
  const text = await readFile(await timerFile(path, sysRoot), "utf8").catch(() => "");
  const ms = Number(text.trim());
  return /^\d{1,3}$/.test(text.trim()) ? ms : null;
}

/** The command that sets the timer to 1 ms until the adapter is unplugged. */
export async function latencyTimerCommand(path: string, sysRoot = "/sys"): Promise<string> {
  return `echo 1 | sudo tee ${await timerFile(path, sysRoot)}`;
}

/** Sets the timer to 1 ms. Rejects with `unsupported` (no such timer) or `bad-input` (not permitted, with the command). */
export async function setLatencyTimer(path: string, sysRoot = "/sys"): Promise<void> {
  if ((await readLatencyTimer(path, sysRoot)) === null) {
    throw fail("unsupported", `The system shows no latency timer for ${path}.`, { data: { path } });
  }
  try {
    await writeFile(await timerFile(path, sysRoot), "1\n");
  } catch (cause) {
    const command = await latencyTimerCommand(path, sysRoot);
    const message = `The latency timer may not be set by this user. Run: ${command}`;
    throw fail("bad-input", message, { field: "set-latency-timer", data: { command }, cause });
  }
}
