import { Option, type Command } from "commander";
import { fail } from "../../lib/errors.ts";
import { directions, type Direction } from "../serial/direction.ts";
import { addKeyOptions, type KeyOptions } from "./key-options.ts";

/** How a line is opened. `listenMs` is how long to listen before the first byte. */
export interface LineOptions {
  port: string;
  listenMs: number;
  line: "bench" | "alone";
  direction?: Direction;
  /** Every byte both ways goes into this file. */
  capture?: string;
}

/** Options of every verb that talks to an SR01. `baud` in bit/s. */
export interface DeviceOptions extends LineOptions, KeyOptions {
  baud: number;
  address: number;
  /** No encrypted link, even if a key were known. */
  plain: boolean;
}

/** Option of the verbs that at a door may only be used after its name was typed. */
export interface DoorOptions {
  door?: string;
}

/** Adds the options of {@link DeviceOptions} to a verb. A missing `--port` is `bad-input` naming it. */
export function addDeviceOptions(command: Command): Command {
  const placed = addLineOptions(command)
    .addOption(wholeOption("--baud <n>", "speed in bit/s (usual: 9600 to 230400)", 1, 1_000_000).default(9600))
    .addOption(wholeOption("--address <n>", "OSDP address", 0, 126).default(0))
    .option("--plain", "no encrypted link", false);
  return addKeyOptions(placed);
}

/** Adds `--door`. */
export function addDoorOption(command: Command): Command {
  return command.option("--door <name>", "the door's name, typed: needed with --line alone");
}

/** At a door nobody does this by accident: `bad-input` without the door's name. */
export function requireDoor({ line, door }: LineOptions & DoorOptions): void {
  if (line !== "alone" || (door !== undefined && door.trim() !== "")) return;
  throw fail("bad-input", "At a door this needs the door's name, typed: --door NAME.", { field: "door" });
}

/** Adds the options of {@link LineOptions}. */
export function addLineOptions(command: Command): Command {
  return command
    .requiredOption("--port <path>", "serial port (/dev/ttyUSB0, COM3), or a gateway: tcp://ADDRESS:PORT")
    .addOption(
      new Option(
        "--direction <who>",
        "who switches the adapter's transmitter: itself, or RTS high or low while sending",
      )
        .choices(directions)
        .default("auto"),
    )
    .option("--capture <file>", "record every byte both ways into this .osdpcap file (replaced when it is there)")
    .addOption(wholeOption("--listen-ms <ms>", "listen for another master first", 0, 600_000).default(2000))
    .addOption(
      new Option("--line <mode>", "who else is on the line: nobody (bench), or the phone is taken off it (alone)")
        .choices(["bench", "alone"])
        .default("bench"),
    );
}

/** An option that takes a whole number; anything else is `bad-input` with the option's name as field. */
export function wholeOption(flags: string, description: string, min: number, max: number): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => bounded(option.name(), text, /^\d{1,15}$/, min, max, "whole number"));
}

/** As {@link wholeOption} for numbers with a decimal point, like `2.5`. */
export function decimalOption(flags: string, description: string, min: number, max: number): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => bounded(option.name(), text, /^\d{1,15}(\.\d{1,9})?$/, min, max, "number"));
}

function bounded(field: string, text: string, form: RegExp, min: number, max: number, kind: string): number {
  const value = Number(text);
  if (!form.test(text) || value < min || value > max) {
    throw fail("bad-input", `--${field} wants a ${kind} from ${String(min)} to ${String(max)}.`, { field });
  }
  return value;
}
