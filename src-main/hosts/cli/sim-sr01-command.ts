import { readFile, stat } from "node:fs/promises";
import { Option, type Command } from "commander";
import { fail } from "../../lib/errors.ts";
import type { Port } from "../../lib/port.ts";
import { faultsSchema, type Sr01Faults } from "../../sim/sr01/faults.ts";
import { createSimSr01, type Sr01Event } from "../../sim/sr01/sim-sr01.ts";
import type { UnitKeyOptions } from "../../sim/sr01/unit-security.ts";
import { spoilKinds } from "../../sr01/image.ts";
import { parseVersion } from "../../sr01/version.ts";
import { openSerialPort } from "../serial/serial-port.ts";
import type { CliAction, CliContext } from "./context.ts";
import { wholeOption } from "./options.ts";
import { readSimKey, writeSimKey } from "./sim-key-file.ts";
import { writeSimImage } from "./sim-image.ts";

interface SimSr01CliOptions {
  port: string;
  baud: number;
  address: number;
  firmware: string;
  receiveSize: number;
  serial: string;
  faults?: string;
  keyFile?: string;
  install?: boolean;
}

const maxFaultsBytes = 64 * 1024;

/**
 * Adds `sim sr01` and `sim image` (below `sim`, which is made when it is not there yet). `sim sr01` ends with 0 when its port
 * hangs up and with `cancelled` when it is stopped.
 */
export function registerSimSr01Command(program: Command, action: CliAction): void {
  const sim =
    program.commands.find((one) => one.name() === "sim") ?? program.command("sim").description("simulated devices");
  sim
    .command("sr01")
    .description("a simulated SR01 (an OSDP peripheral) on a serial port")
    .requiredOption("--port <path>", "serial port, e.g. one end of a pseudo-terminal pair")
    .addOption(wholeOption("--baud <n>", "speed in bit/s", 1, 1_000_000).default(9600))
    .addOption(wholeOption("--address <n>", "OSDP address", 0, 126).default(0))
    .option("--firmware <version>", "firmware version that it runs", "1.2.3")
    .addOption(wholeOption("--receive-size <n>", "longest frame it takes, in bytes", 128, 1440).default(1440))
    .option("--serial <hex>", "serial number, 8 hex digits", "01020304")
    .option("--faults <file>", "what it does wrong, as JSON")
    .option(
      "--key-file <file>",
      "its key, 32 hex digits; KEYSET rewrites it. Without it and --install: no secure channel",
    )
    .option("--install", "begin without a key of its own: answer with the factory key and take KEYSET")
    .action(action(runSimSr01));
  sim
    .command("image")
    .description("write a firmware file for the simulated SR01 (the format is the simulator's own, not Akuvox's)")
    .argument("<file>", "where to write it; an older image of the simulator is replaced, nothing else")
    .requiredOption("--version <version>", "firmware version, like 1.2.4")
    .addOption(wholeOption("--size <bytes>", "size of the whole file", 65, 16 * 1024 * 1024).default(65_536))
    .option("--hardware <from-to>", "hardware versions that it fits", "1-1")
    .addOption(new Option("--spoil <what>", "with one thing wrong").choices(spoilKinds))
    .action(action(writeSimImage));
}

async function runSimSr01(cli: CliContext, options: SimSr01CliOptions): Promise<void> {
  const { port: path, baud, address, firmware, receiveSize, serial } = options;
  parseVersion(firmware, "firmware");
  if (!/^[0-9a-f]{8}$/i.test(serial)) {
    throw fail("bad-input", "A serial number has 8 hex digits.", { field: "serial" });
  }
  const faults = options.faults === undefined ? {} : await readFaults(options.faults);
  const keyed = await keyOptions(options);
  const port = await openSerialPort({ path, baud, log: cli.log, signal: cli.signal });
  const { log, clock } = cli;
  const gone = untilGone(port, cli.signal);
  const sim = createSimSr01({
    port,
    clock,
    address,
    firmware,
    receiveSize,
    serialNumber: serial,
    faults,
    log,
    ...keyed,
  });
  keyed.key?.fill(0);
  sim.onEvent((event) => {
    cli.emit({ ...event }, inWords(event));
  });
  cli.emit({ ready: true }, `Simulated SR01 on ${path}, ${String(baud)} bit/s, address ${String(address)}`);
  try {
    await gone;
  } finally {
    sim.close();
    await port.close();
  }
}

/** With `--install` the file is only where the new key goes; what it holds is not used. */
async function keyOptions({ keyFile, install = false }: SimSr01CliOptions): Promise<UnitKeyOptions> {
  if (keyFile === undefined) return { install };
  const storeKey = (key: Uint8Array): Promise<void> => writeSimKey(keyFile, key);
  return install ? { install, storeKey } : { key: await readSimKey(keyFile), storeKey };
}

/** Resolves when the port hangs up, rejects with `cancelled` when the signal fires. */
function untilGone(port: Port, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(fail("cancelled", "Stopped on request."));
    };
    port.onClose(() => {
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

async function readFaults(path: string): Promise<Sr01Faults> {
  const wrong = (message: string, cause?: unknown): Error => fail("bad-input", message, { field: "faults", cause });
  let text: string;
  try {
    if ((await stat(path)).size > maxFaultsBytes) throw wrong("The faults file is too long.");
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw wrong("The faults file cannot be read.", cause);
  }
  try {
    return faultsSchema.parse(JSON.parse(text));
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message.replace(/\s+/g, " ").slice(0, 300) : "";
    throw wrong(`The faults file does not fit: ${seen}`, cause);
  }
}

function inWords({ event, ...facts }: Sr01Event): string {
  const told = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`);
  return [event, ...told].join(", ");
}
