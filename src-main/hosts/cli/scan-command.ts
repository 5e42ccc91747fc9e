import { Option, type Command } from "commander";
import { fail, toToolkitError } from "../../lib/errors.ts";
import { osdpBauds } from "../../sr01/comset.ts";
import { scan, type FoundUnit, type ScanReport } from "../../sr01/scan.ts";
import type { CliAction, CliContext } from "./context.ts";
import {
  addDoorOption,
  addLineOptions,
  requireDoor,
  wholeOption,
  type DoorOptions,
  type LineOptions,
} from "./options.ts";
import { systemSeams, withLine, type UnitSeams } from "./unit.ts";

/** Progress lines come at most so often, ms. */
const progressEveryMs = 250;

interface ScanOptions extends LineOptions, DoorOptions {
  bauds?: number[];
  addresses?: number[];
  /** As in the other verbs: only this speed, only this address. */
  baud?: number;
  address?: number;
}

/** Adds `scan`. */
export function registerScanCommand(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  const verb = program.command("scan").description("ask every address at every speed who is there");
  addDoorOption(addLineOptions(verb))
    .addOption(listOption("--bauds <list>", `speeds, like 9600,115200 (default ${osdpBauds.join(",")})`, 1_000_000))
    .addOption(listOption("--addresses <list>", "addresses, like 0-7,12 (default 0-126)", 126))
    .addOption(wholeOption("--baud <n>", "only this speed", 1, 1_000_000))
    .addOption(wholeOption("--address <n>", "only this address", 0, 126))
    .action(action((cli: CliContext, options: ScanOptions) => runScan(cli, options, seams)));
}

async function runScan(cli: CliContext, options: ScanOptions, seams: UnitSeams): Promise<void> {
  requireDoor(options);
  const bauds = options.bauds ?? (options.baud === undefined ? osdpBauds : [options.baud]);
  const addresses = options.addresses ?? (options.address === undefined ? range(0, 126) : [options.address]);
  const { clock, signal } = cli;
  const report: ScanReport = { found: [], doubtful: [] };
  const work = { clock, signal, bauds, addresses, listenMs: options.listenMs, report, onProgress: progressLines(cli) };
  const line = { ...options, baud: bauds[0] ?? 9600 };
  await withLine(
    cli,
    line,
    async ({ bus }) => {
      try {
        await scan({ bus, ...work });
      } catch (error) {
        throw cli.failWith(result(report), toToolkitError(error));
      }
    },
    seams,
  );
  cli.emit(result(report), inWords(report));
}

function progressLines(cli: CliContext): (progress: { baud: number; address: number }) => void {
  let last = { at: Number.NEGATIVE_INFINITY, baud: 0 };
  return ({ baud, address }) => {
    const at = cli.clock.now();
    if (baud === last.baud && at - last.at < progressEveryMs) return;
    last = { at, baud };
    cli.emit({ phase: "scan", baud, address }, `${String(baud)} bit/s, address ${String(address)}`);
  };
}

function result({ found, doubtful }: ScanReport): Record<string, unknown> {
  return { found: found.map(named), ...(doubtful.length > 0 ? { doubtful } : {}) };
}

function named({ address, baud, vendor, model, serialNumber, firmwareVersion }: FoundUnit): Record<string, unknown> {
  return { address, baud, vendor, model, serialNumber, firmwareVersion };
}

function inWords({ found, doubtful }: ScanReport): string {
  const place = (one: { address: number; baud: number }): string =>
    `address ${String(one.address)}, ${String(one.baud)} bit/s`;
  const lines = [
    ...found.map((unit) => `${place(unit)}: serial number ${unit.serialNumber}, firmware ${unit.firmwareVersion}`),
    ...doubtful.map((one) => `${place(one)}: ${one.words}`),
  ];
  return lines.length > 0
    ? lines.join("\n")
    : "Nobody answered. A factory SR01 does not speak OSDP as far as is known.";
}

/** A list of whole numbers and ranges: `0-7,12`. Anything else is `bad-input` with the option's name. */
function listOption(flags: string, description: string, max: number): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => {
    const numbers = new Set<number>();
    for (const part of text.split(",")) {
      const [, first, last] = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part.trim()) ?? [];
      const [from, to] = [Number(first), Number(last ?? first)];
      // A range is only meant for addresses: a thousand speeds are a slip.
      if (first === undefined || from > to || to > max || to - from > 126) {
        throw fail("bad-input", `--${option.name()} wants numbers up to ${String(max)}, like 0-7,12.`, {
          field: option.name(),
        });
      }
      for (const value of range(from, to)) numbers.add(value);
    }
    return [...numbers];
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
