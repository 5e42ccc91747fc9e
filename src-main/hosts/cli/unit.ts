import { fail, ToolkitError } from "../../lib/errors.ts";
import type { Port } from "../../lib/port.ts";
import { defaultDeviceTiming, type Device, type DeviceFacts } from "../../osdp/device.ts";
import type { LinkKey } from "../../osdp/handshake.ts";
import { defaultTiming } from "../../osdp/wire.ts";
import type { Secrets } from "../../records/secrets.ts";
import { createKeyRing, keysToTry, settled, wipeKept, type KeptKey, type KeyRing } from "../../services/keys.ts";
import { Lines, type Line } from "../../services/lines.ts";
import { onFactoryKey, openLink, type RandomBytes } from "../../sr01/keys.ts";
import { createOsdpSr01 } from "../../sr01/osdp-sr01.ts";
import type { WireProfile } from "../../sr01/profile.ts";
import { openSecrets } from "../secrets/key-store.ts";
import type { Direction } from "../serial/direction.ts";
import { openAnyPort } from "../serial/ports.ts";
import { measuredAllowance } from "./adapter-records.ts";
import { withCapture } from "./capture-file.ts";
import type { CliContext } from "./context.ts";
import { systemRandomBytes } from "../random-bytes.ts";
import { givenKey } from "./key-options.ts";
import type { DeviceOptions, LineOptions } from "./options.ts";

/** What the SR01's maker did not publish; the first sentence when nobody answers. */
const factoryHint = "A factory SR01 does not speak OSDP as far as is known; the wiring may be right.";
/** What to do then. */
const nextStep = "the door phone's own page: Device > RS485, Security > Security Relay";

/** What device verbs use of this computer; tests put simulated ones in their place. */
export interface UnitSeams {
  openPort: (cli: CliContext, path: string, baud: number, direction?: Direction) => Promise<Port>;
  /** What to allow for the port's adapter, ms, where it was measured; absent or null: the usual. */
  allowanceMs?: (cli: CliContext, path: string) => Promise<number | null>;
  secrets: (cli: CliContext) => Secrets;
  randomBytes: RandomBytes;
}

/** The real ones. */
export const systemSeams: UnitSeams = {
  openPort: ({ log, signal }, path, baud, direction) => openAnyPort({ path, baud, log, signal, direction }),
  allowanceMs: measuredAllowance,
  secrets: ({ dataDir, log }) => openSecrets({ dataDir, log }),
  randomBytes: systemRandomBytes,
};

/** A unit with its link prepared. `link` null: in clear. */
export interface ReachedUnit {
  profile: WireProfile;
  device: Device;
  line: Line;
  link: LinkKey | null;
}

/** Opens the line by its mode (listening first), lends it to `work` alone, and gives the port back whatever happens. */
export async function withLine(
  cli: CliContext,
  options: LineOptions & { baud: number },
  work: (line: Line) => Promise<void>,
  seams: UnitSeams = systemSeams,
): Promise<void> {
  const { clock, signal } = cli;
  const { port: path, baud, line: mode, listenMs, direction } = options;
  const allowanceMs = (asked: string) => seams.allowanceMs?.(cli, asked) ?? null;
  const lines = new Lines(
    { list: () => Promise.resolve([]), open: () => seams.openPort(cli, path, baud, direction) },
    { clock, allowanceMs, wireTiming: defaultTiming, deviceTiming: defaultDeviceTiming },
  );
  return withCapture(lines.capture(path), options.capture, cli, async () => {
    const line = await lines.open({ path, baud, mode, listenMs, signal });
    const lease = line.takeAlone("the command line");
    try {
      await work(line);
    } catch (error) {
      throw explained(error);
    } finally {
      lease.release();
      await line.close();
    }
  });
}

/**
 * As {@link withLine}, with the unit and its link: `--plain`, else the key that was named, else the key kept for the serial
 * number that answers, else in clear with a warning. With a key there is no way back to clear. Keys are wiped at the end.
 */
export async function withUnit(
  cli: CliContext,
  options: DeviceOptions,
  work: (unit: WireProfile, reached: ReachedUnit) => Promise<void>,
  seams: UnitSeams = systemSeams,
): Promise<void> {
  const given = options.plain ? null : await givenKey(cli, options);
  try {
    const use = async (line: Line): Promise<void> => {
      const device = watchSwaps(cli, line, options.address);
      const ring = createKeyRing(seams.secrets(cli));
      const { link, kept } = await prepareLink(cli, options, device, given, ring, seams.randomBytes);
      const profile = createOsdpSr01({ bus: line.bus, address: options.address, clock: cli.clock });
      try {
        await work(profile, { profile, device, line, link });
        if (options.plain && device.facts) warnOfFactoryKey(cli, device.facts);
      } finally {
        wipeKept(kept);
      }
    };
    await withLine(cli, options, use, seams);
  } finally {
    given?.fill(0);
  }
}

/** The device at the address; another unit in its place is told. */
export function watchSwaps(cli: CliContext, line: Line, address: number): Device {
  const device = line.bus.device(address);
  device.onSwap(({ before, now }) => {
    cli.note(
      `WARNING: another unit answers now: serial number ${now.serialNumber} instead of ${before.serialNumber}. Is it the right one?`,
    );
  });
  return device;
}

/** Loud when everybody could pair this unit. */
export function warnOfFactoryKey(cli: CliContext, { id, capabilities }: DeviceFacts): void {
  if (!onFactoryKey(capabilities)) return;
  cli.note(`WARNING: this unit is on the factory key, which everybody knows: ${id.serialNumber}. Next: sr01 pair`);
}

/** Until a sealed file holds the key too. */
export function remindOfSecondCopy(cli: CliContext): void {
  cli.note(
    "Pairing is finished when a second copy of the key exists. Next: sr01 keys export FILE --passphrase-env NAME",
  );
}

async function prepareLink(
  cli: CliContext,
  options: DeviceOptions,
  device: Device,
  given: Uint8Array | null,
  ring: KeyRing,
  randomBytes: RandomBytes,
): Promise<{ link: LinkKey | null; kept: KeptKey | null }> {
  if (options.plain) return { ...(await openLink(device, { kind: "plain" }, randomBytes)), kept: null };
  if (given) return { ...(await openLink(device, { kind: "given", key: given }, randomBytes)), kept: null };
  const seen: { kept: KeptKey | null } = { kept: null };
  const keysOf = async (id: DeviceFacts["id"]): Promise<readonly Uint8Array[]> => {
    seen.kept = await ring.of(id);
    return seen.kept ? keysToTry(seen.kept) : [];
  };
  const { facts, keyIndex, link } = await openLink(device, { kind: "kept-or-plain", keysOf }, randomBytes, cli.signal);
  const { kept } = seen;
  if (facts && kept && keyIndex !== null) {
    if (!kept.secondCopy) remindOfSecondCopy(cli);
    await settle(ring, facts.id, kept, keyIndex);
  } else if (facts) await warnOfClear(cli, facts, ring);
  return { link, kept };
}

/** A handshake has just proved one of the kept keys. */
async function settle(ring: KeyRing, id: DeviceFacts["id"], kept: KeptKey, index: number): Promise<void> {
  if (kept.proven) return;
  const left = settled(kept, index === 0 ? "new" : "old");
  if (left) await ring.keep(id, left);
}

async function warnOfClear(cli: CliContext, facts: DeviceFacts, ring: KeyRing): Promise<void> {
  const { available } = await ring.availability();
  const why = available ? "no key is kept for it here" : "the key store of this computer cannot be used";
  cli.note(
    `WARNING: link not encrypted: no key was named for unit ${facts.id.serialNumber}, and ${why}. --plain says that this is meant.`,
  );
  warnOfFactoryKey(cli, facts);
}

/** Silence, or bytes that are no OSDP, may just mean a factory unit: say so first. */
function explained(error: unknown): unknown {
  const silent = error instanceof ToolkitError && error.code === "device-timeout" && error.data?.["command"] === "ID";
  if (!silent) return error;
  return fail("device-timeout", `${factoryHint} ${error.message} Next: ${nextStep}.`, {
    cause: error,
    data: { ...error.data, nextStep },
  });
}
