import type { Command } from "commander";
import { fail, toToolkitError } from "../../lib/errors.ts";
import { LineCapture } from "../../osdp/capture.ts";
import { osdpRates, type ListenPort } from "../../osdp/baud-finder.ts";
import { Listening, type Heard, type ListenSummary } from "../../services/listen.ts";
import { openAnyPort } from "../serial/ports.ts";
import { captureTo } from "./capture-file.ts";
import type { CliAction, CliContext } from "./context.ts";
import { readFollowKeys } from "./follow-keys.ts";
import { frameLine, noiseText } from "./frame-lines.ts";
import { decimalOption } from "./options.ts";

interface ListenCliOptions {
  port: string;
  baud: string;
  capture?: string;
  keyFile?: string;
  seconds?: number;
}

/** Opens a port to listen to. What it gives cannot write. */
export type OpenListenPort = (
  cli: CliContext,
  path: string,
  baud: number,
) => Promise<ListenPort & { close(): Promise<void> }>;

const openSystemPort: OpenListenPort = ({ log, signal }, path, baud) => openAnyPort({ path, baud, log, signal });

/** Adds `listen`. */
export function registerListenCommand(program: Command, action: CliAction): void {
  program
    .command("listen")
    .description("silent tap: tells what passes on a line, sends nothing; ends with Ctrl-C or after --seconds")
    .requiredOption("--port <path>", "serial port (/dev/ttyUSB0, COM3), or a gateway: tcp://ADDRESS:PORT")
    .option("--baud <n>", "speed in bit/s, or auto: found by listening", "auto")
    .option("--capture <file>", "record every byte into this .osdpcap file (replaced when it is there)")
    .option("--key-file <file>", "decrypt with this key (32 hex digits; more keys on more lines); shows keys in KEYSET")
    .addOption(decimalOption("--seconds <s>", "stop after so long", 0.1, 604_800))
    .action(action((cli, options: ListenCliOptions) => listen(cli, options)));
}

/** The verb's work. Ends with a summary as the last line, whatever the end; `cancelled` on Ctrl-C. */
export async function listen(
  cli: CliContext,
  options: ListenCliOptions,
  openPort: OpenListenPort = openSystemPort,
): Promise<void> {
  const baud = rateOf(options.baud);
  const keys = await readFollowKeys(cli, options.keyFile);
  const showKeys = options.keyFile !== undefined;
  const { clock } = cli;
  const capture = new LineCapture({ clock, role: "tap" });
  const file = await captureTo(capture, options.capture, cli);
  try {
    const port = await openPort(cli, options.port, baud === "auto" ? (osdpRates[0] as number) : baud);
    const onHeard = (heard: Heard): void => {
      tell(cli, heard, showKeys);
    };
    const listening = new Listening(port, { clock, baud, keys, onHeard, capture });
    try {
      await listening.run(cli.signal, options.seconds === undefined ? undefined : options.seconds * 1000);
    } catch (error) {
      if (!cli.json) cli.emit({}, summaryWords(listening.summary));
      throw cli.failWith({ ...listening.summary }, toToolkitError(error));
    } finally {
      await port.close();
    }
    cli.emit({ ...listening.summary }, summaryWords(listening.summary));
  } finally {
    await file.close();
    for (const key of keys) key.fill(0);
  }
}

function rateOf(text: string): number | "auto" {
  if (text === "auto") return "auto";
  const baud = Number(text);
  if (!/^\d{1,7}$/.test(text) || baud < 1 || baud > 1_000_000) {
    throw fail("bad-input", "--baud wants a whole number from 1 to 1000000, or auto.", { field: "baud" });
  }
  return baud;
}

function tell(cli: CliContext, heard: Heard, showKeys: boolean): void {
  const at = seconds(heard.at);
  const when = at.toFixed(3).padStart(9);
  switch (heard.type) {
    case "baud":
      cli.emit({ at, baud: heard.baud }, `${when} ${String(heard.baud)} bit/s`);
      return;
    case "frame": {
      const { value, words } = frameLine(heard.frame, heard.ok, heard.followed, showKeys);
      cli.emit({ at, ...value }, `${when} ${words}`);
      return;
    }
    case "noise": {
      const noise = noiseText(heard.bytes, heard.exposed, showKeys);
      const gapMs = Math.round(heard.gapMs * 1000) / 1000;
      cli.emit({ noise, at, gapMs }, `${when} noise ${noise}`);
    }
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function summaryWords({ frames, noiseBytes, baud }: ListenSummary): string {
  const rate = baud === null ? "speed not found" : `${String(baud)} bit/s`;
  return `${String(frames)} frames, ${String(noiseBytes)} bytes of noise, ${rate}`;
}
