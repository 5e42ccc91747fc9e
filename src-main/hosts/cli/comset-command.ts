import type { Command } from "commander";
import { fail } from "../../lib/errors.ts";
import { changeAddressAndSpeed, osdpBauds } from "../../sr01/comset.ts";
import type { CliAction, CliContext } from "./context.ts";
import {
  addDeviceOptions,
  addDoorOption,
  requireDoor,
  wholeOption,
  type DeviceOptions,
  type DoorOptions,
} from "./options.ts";
import { systemSeams, withUnit, type UnitSeams } from "./unit.ts";

interface ComsetOptions extends DeviceOptions, DoorOptions {
  newAddress?: number;
  newBaud?: number;
}

/** Adds `comset`. */
export function registerComsetCommand(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  const verb = program.command("comset").description("give the unit another address and speed, and prove it");
  addDoorOption(addDeviceOptions(verb))
    .addOption(wholeOption("--new-address <n>", "OSDP address from now on (default: as it is)", 0, 126))
    .addOption(wholeOption("--new-baud <n>", `speed from now on: ${osdpBauds.join(", ")}`, 1, 1_000_000))
    .action(action((cli: CliContext, options: ComsetOptions) => comset(cli, options, seams)));
}

async function comset(cli: CliContext, options: ComsetOptions, seams: UnitSeams): Promise<void> {
  requireDoor(options);
  const from = { address: options.address, baud: options.baud };
  const wish = wishOf(options);
  await withUnit(
    cli,
    options,
    async (_, { line, link }) => {
      const report = await changeAddressAndSpeed({
        ...{ bus: line.bus, clock: cli.clock, from, wish, link, signal: cli.signal },
        onPhase: (phase, place) => {
          cli.emit({ phase, ...place }, `${phase}: address ${String(place.address)}, ${String(place.baud)} bit/s`);
        },
      });
      const { place, error } = report;
      const result = { address: place?.address ?? null, baud: place?.baud ?? null, verified: error === null };
      if (error) throw cli.failWith(result, error);
      cli.emit(
        result,
        `Unit ${report.id.serialNumber} answers at address ${String(wish.address)}, ${String(wish.baud)} bit/s`,
      );
    },
    seams,
  );
}

function wishOf({ address, baud, newAddress, newBaud }: ComsetOptions): { address: number; baud: number } {
  if (newAddress === undefined && newBaud === undefined) {
    throw fail("bad-input", "Say what to change: --new-address N, --new-baud N.", { field: "new-address" });
  }
  if (newBaud !== undefined && !osdpBauds.includes(newBaud)) {
    throw fail("bad-input", `OSDP has the speeds ${osdpBauds.join(", ")}.`, { field: "new-baud" });
  }
  return { address: newAddress ?? address, baud: newBaud ?? baud };
}
