import type { Command } from "commander";
import { fail } from "../../lib/errors.ts";
import type { DeviceId } from "../../osdp/replies.ts";
import { createKeyRing, keysToTry, settled, wipeKept, type KeptKey, type KeyRing } from "../../services/keys.ts";
import { freshKey, pair, type PairOrder, type PairReport, type PresentKeys } from "../../sr01/pair.ts";
import { createKeyFile, refuseExisting, removeFile } from "../secure-file.ts";
import type { CliAction, CliContext } from "./context.ts";
import { givenKey, keyOfFile } from "./key-options.ts";
import { addDeviceOptions, addDoorOption, requireDoor, type DeviceOptions, type DoorOptions } from "./options.ts";
import { remindOfSecondCopy, systemSeams, warnOfFactoryKey, watchSwaps, withLine, type UnitSeams } from "./unit.ts";

interface PairOptions extends DeviceOptions, DoorOptions {
  newKeyFile?: string;
}
interface UnpairOptions extends DeviceOptions, DoorOptions {
  toKeyFile?: string;
}

/** Where the new key is kept, in the order of keeping. */
type Place = "file" | "key-store";

/** How the keys of one run are had, kept and put in order at the end. */
interface Plan {
  newKey: Uint8Array;
  present: PairOrder["present"];
  keep: PairOrder["keep"];
  /** After the end; gives what is to be told beside the report. */
  finish: (report: PairReport) => Promise<Readonly<Record<string, unknown>>>;
  wipe: () => void;
}

/** Adds `pair` and `unpair`. */
export function registerPairCommand(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  const pairVerb = program
    .command("pair")
    .description("give the unit a fresh key of its own; with a present key (named or kept): change it")
    .option("--new-key-file <file>", "new file for the key (made for you alone); needed where there is no key store");
  addDoorOption(addDeviceOptions(pairVerb)).action(
    action(async (cli: CliContext, options: PairOptions) => {
      mayChangeKeys(options);
      await run(cli, options, await freshPlan(cli, options, seams), seams);
    }),
  );
  const unpairVerb = program
    .command("unpair")
    .description("hand the unit over: give it the key of its next owner and forget ours")
    .option("--to-key-file <file>", "file with the next owner's key, 32 hex digits");
  addDoorOption(addDeviceOptions(unpairVerb)).action(
    action(async (cli: CliContext, options: UnpairOptions) => {
      mayChangeKeys(options);
      await run(cli, options, await handOverPlan(cli, options, seams), seams);
    }),
  );
}

function mayChangeKeys(options: DeviceOptions & DoorOptions): void {
  requireDoor(options);
  if (options.plain) throw fail("bad-input", "A key is never sent in clear: leave --plain out.", { field: "plain" });
}

async function run(cli: CliContext, options: DeviceOptions, plan: Plan, seams: UnitSeams): Promise<void> {
  const { clock, signal } = cli;
  if (options.line === "alone")
    cli.note("The door phone may not open this door until it is paired with the unit again.");
  try {
    await withLine(
      cli,
      options,
      async (line) => {
        const device = watchSwaps(cli, line, options.address);
        const onPhase = (phase: string): void => {
          cli.emit({ phase }, phase);
        };
        const order = { device, clock, randomBytes: seams.randomBytes, signal, onPhase };
        const report = await pair({ ...order, newKey: plan.newKey, present: plan.present, keep: plan.keep });
        if (report.before === "scbk-d" && report.works === "old" && device.facts) warnOfFactoryKey(cli, device.facts);
        tell(cli, report, await plan.finish(report));
      },
      seams,
    );
  } finally {
    plan.wipe();
  }
}

function tell(cli: CliContext, report: PairReport, more: Readonly<Record<string, unknown>>): void {
  const { vendor, serialNumber } = report.id;
  const head = { serialNumber, vendor, before: report.before };
  if (report.error) throw cli.failWith({ ...head, paired: false, works: report.works, ...more }, report.error);
  const kept = (more["keyStored"] as string[] | undefined)?.join(" and ") ?? "";
  cli.emit(
    { ...head, paired: true, secure: "scbk", ...more },
    `Unit ${serialNumber} uses its new key, proven by a handshake. ${kept === "" ? "" : `Kept in: ${kept}.`}`,
  );
  if (more["secondCopy"] === false) remindOfSecondCopy(cli);
}

/** `pair`: a fresh key, kept in the key store and in the new file before it is sent. */
async function freshPlan(cli: CliContext, options: PairOptions, seams: UnitSeams): Promise<Plan> {
  const { newKeyFile } = options;
  const ring = createKeyRing(seams.secrets(cli));
  if (newKeyFile !== undefined) await refuseExisting(newKeyFile, "new-key-file");
  const store = await ring.availability();
  if (!store.available && newKeyFile === undefined) {
    const text = "This computer has no key store that can be used, so the new key needs a file: --new-key-file FILE.";
    throw fail("bad-input", text, { field: "new-key-file" });
  }
  const old = await presentKeys(cli, options, ring);
  const newKey = freshKey(seams.randomBytes);
  const places: Place[] = [];
  const keep = async (id: DeviceId, before: Uint8Array | "factory"): Promise<void> => {
    if (newKeyFile !== undefined) {
      await createKeyFile(newKeyFile, newKey, "new-key-file");
      places.push("file");
    }
    if (store.available && (await ring.keep(id, { key: newKey, proven: false, before, secondCopy: false }))) {
      places.push("key-store");
    }
    if (places.length === 0) {
      throw fail(
        "bad-input",
        "The key store did not keep the new key, so it was not sent. Name a file: --new-key-file FILE.",
        {
          field: "new-key-file",
        },
      );
    }
  };
  const finish = async (report: PairReport): Promise<Readonly<Record<string, unknown>>> => {
    if (places.includes("key-store")) await settleRing(ring, report, old.kept());
    if (!report.keySent && newKeyFile !== undefined) await removeFile(newKeyFile);
    if (report.keySent && report.works === "old" && places.includes("file")) {
      cli.note("The new key file holds a key that the unit does not use.");
    }
    return { keyStored: report.keySent ? places : [], secondCopy: false };
  };
  const wipe = (): void => {
    newKey.fill(0);
    old.wipe();
  };
  return { newKey, present: old.present, keep, finish, wipe };
}

/** What stays in the key store: the proven key, both while nothing is proven, what was there if nothing was sent. */
async function settleRing(ring: KeyRing, report: PairReport, earlier: KeptKey | null): Promise<void> {
  const { id, works, keySent } = report;
  const now = await ring.of(id);
  if (!now || works === null) return;
  const left = keySent ? settled(now, works) : earlier;
  if (left) await ring.keep(id, left);
  else await ring.forget(id);
  wipeKept(now);
}

/** `unpair`: the key of the next owner, which is in a file already; ours is forgotten once that one works. */
async function handOverPlan(cli: CliContext, options: UnpairOptions, seams: UnitSeams): Promise<Plan> {
  if (options.toKeyFile === undefined) {
    const text =
      "OSDP has no command that makes a unit forget its key. Give it the key of its next owner (--to-key-file FILE), or reset it at the unit itself.";
    throw fail("unsupported", text, { field: "to-key-file" });
  }
  const newKey = await keyOfFile(cli, options.toKeyFile, "to-key-file");
  const ring = createKeyRing(seams.secrets(cli));
  const old = await presentKeys(cli, options, ring);
  return {
    newKey,
    // A unit that has no key of ours yet is not ours to hand over: no factory key here.
    present: async (id) => ({ ...(await old.present(id)), given: true }),
    keep: () => Promise.resolve(),
    finish: async ({ id, works }) => {
      if (works === "new") await ring.forget(id);
      return { keyStored: ["file"] };
    },
    wipe: () => {
      newKey.fill(0);
      old.wipe();
    },
  };
}

/** Keys that may be in force: the one that was named, else what is kept for the unit that answers. */
async function presentKeys(cli: CliContext, options: DeviceOptions, ring: KeyRing) {
  const given = await givenKey(cli, options);
  let kept: KeptKey | null = null;
  const present = async (id: DeviceId): Promise<PresentKeys> => {
    kept = await ring.of(id);
    if (given) return { keys: [given], given: true, maybeFactory: false };
    const maybeFactory = kept !== null && !kept.proven && kept.before === "factory";
    return { keys: kept ? keysToTry(kept) : [], given: false, maybeFactory };
  };
  const wipe = (): void => {
    given?.fill(0);
    wipeKept(kept);
  };
  return { present, kept: () => kept, wipe };
}
