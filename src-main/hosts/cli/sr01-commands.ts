import type { Command } from "commander";
import { fail } from "../../lib/errors.ts";
import type { WireProfile } from "../../sr01/profile.ts";
import type { CliAction, CliContext } from "./context.ts";
import { addDeviceOptions, decimalOption, wholeOption, type DeviceOptions } from "./options.ts";
import { systemSeams, withUnit, type UnitSeams } from "./unit.ts";

interface RelayOptions extends DeviceOptions {
  output: number;
  seconds?: number;
  keepOpen?: boolean;
}

/** How a link is called. */
const linkWords = {
  none: "link not encrypted",
  scbk: "link encrypted",
  "scbk-d": "link encrypted with the factory key, which everybody knows",
} as const;

/** Adds `identify`, `status` and `relay pulse|off|on`. */
export function registerSr01Commands(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  addDeviceOptions(
    program.command("identify").description("who is on the line: model, versions, serial number"),
  ).action(action(identify(seams)));
  addDeviceOptions(program.command("status").description("outputs, inputs, tamper and power")).action(
    action(status(seams)),
  );
  const relay = program.command("relay").description("move the lock relay of the SR01");
  const verb = (name: "pulse" | "off" | "on", words: string): Command =>
    addDeviceOptions(relay.command(name).description(words)).addOption(
      wholeOption("--output <n>", "output number", 0, 255).default(0),
    );
  const seconds = (command: Command): Command =>
    command.addOption(decimalOption("--seconds <s>", "how long, 0.1 to 60 (default 1, pulse only)", 0.1, 60));
  seconds(verb("pulse", "on for a time; it ends by itself")).action(action(moveRelay("pulse", seams)));
  seconds(verb("off", "off for good")).action(action(moveRelay("off", seams)));
  seconds(verb("on", "on for good: the door stays open; needs --keep-open"))
    .option("--keep-open", "yes, the door shall stay open", false)
    .action(action(moveRelay("on", seams)));
}

type Verb<O> = (cli: CliContext, options: O) => Promise<void>;

function identify(seams: UnitSeams): Verb<DeviceOptions> {
  return (cli, options) => {
    const work = async (unit: WireProfile): Promise<void> => {
      const identity = await unit.identify({ signal: cli.signal });
      const { vendor, model, hardwareVersion, serialNumber, firmwareVersion, address, baud, secure } = identity;
      cli.emit(
        { ...identity },
        `Serial number ${serialNumber}, firmware ${firmwareVersion}, hardware ${String(hardwareVersion)}, vendor ${vendor}, ` +
          `model ${String(model)}, at address ${String(address)}, ${String(baud)} bit/s, ${linkWords[secure]}`,
      );
    };
    return withUnit(cli, options, work, seams);
  };
}

function status(seams: UnitSeams): Verb<DeviceOptions> {
  return (cli, options) => {
    const work = async (unit: WireProfile): Promise<void> => {
      const seen = await unit.status(cli.signal);
      cli.emit(
        { ...seen },
        `Outputs ${seen.outputs.join(" ") || "none"}, inputs ${seen.inputs.join(" ") || "none"}, ` +
          `tamper ${seen.tamper ? "YES" : "no"}, power ${seen.powerFailure ? "FAILED" : "good"}`,
      );
    };
    return withUnit(cli, options, work, seams);
  };
}

function moveRelay(command: "pulse" | "off" | "on", seams: UnitSeams): Verb<RelayOptions> {
  return (cli, options) => {
    if (command !== "pulse" && options.seconds !== undefined) {
      throw fail("bad-input", `--seconds goes with pulse, not with ${command}.`, { field: "seconds" });
    }
    if (command === "on" && !options.keepOpen) {
      throw fail(
        "bad-input",
        "`relay on` leaves the door open until it is switched off. Say --keep-open if you mean it.",
        {
          field: "keep-open",
        },
      );
    }
    const work = async (unit: WireProfile): Promise<void> => {
      const { output } = options;
      if (command === "pulse") await unit.pulse(output, options.seconds ?? 1, cli.signal);
      else await unit.set(output, command === "on", cli.signal);
      const { outputs } = await unit.status(cli.signal);
      cli.emit(
        { output, command, outputs },
        `Output ${String(output)}: ${command} sent, reads ${outputs[output] === 1 ? "on" : "off"}`,
      );
      if (command === "on") cli.note("The door may be open until you send: sr01 relay off");
    };
    return withUnit(cli, options, work, seams);
  };
}
