import type { Command } from "commander";
import { fail } from "../../lib/errors.ts";
import { maxSealedBytes, openSealedKeys, sealKeys, type ExportedKey } from "../../records/key-export.ts";
import { createKeyRing, wipeKept, type KeyOwner, type KeyRing, type KeptKey } from "../../services/keys.ts";
import { sameSecret } from "../../osdp/secure-channel.ts";
import { createKeyFile, createSecureFile, readSmallFile, refuseExisting } from "../secure-file.ts";
import type { CliAction, CliContext } from "./context.ts";
import { keyOfFile, passphraseOf } from "./key-options.ts";
import { systemSeams, type UnitSeams } from "./unit.ts";

interface SealedOptions {
  passphraseEnv: string;
  unit?: string;
}
interface ExportOptions extends SealedOptions {
  keyFile?: string;
}
interface ImportOptions extends SealedOptions {
  newKeyFile?: string;
}

/** Adds `keys export|import|list`: the second copy of the keys, sealed under a passphrase. */
export function registerKeysCommand(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  const keys = program.command("keys").description("the keys of paired units: second copy, and back from it");
  const sealed = (command: Command): Command =>
    command
      .requiredOption("--passphrase-env <name>", "environment variable with the passphrase")
      .option("--unit <vendor-serial>", "one unit, like 0c1105-01020304");
  sealed(keys.command("export <file>").description("write kept keys to a new sealed file"))
    .option("--key-file <file>", "the key of --unit, from this file instead of the key store")
    .action(action((cli: CliContext, path: string, options: ExportOptions) => exportKeys(cli, path, options, seams)));
  sealed(keys.command("import <file>").description("take keys from a sealed file into the key store"))
    .option("--new-key-file <file>", "write one unit's key to this new file instead")
    .action(action((cli: CliContext, path: string, options: ImportOptions) => importKeys(cli, path, options, seams)));
  keys
    .command("list")
    .description("units with a kept key (never the keys)")
    .action(action((cli: CliContext) => listKeys(cli, seams)));
}

async function exportKeys(cli: CliContext, path: string, options: ExportOptions, seams: UnitSeams): Promise<void> {
  const passphrase = passphraseOf(cli, options.passphraseEnv);
  const unit = options.unit === undefined ? null : ownerOf(options.unit);
  const ring = createKeyRing(seams.secrets(cli));
  const keys = options.keyFile === undefined ? await keptKeys(ring, unit) : await keyOf(cli, options.keyFile, unit);
  if (keys.length === 0) {
    throw fail("bad-input", "No key is kept here. A key in a file: --key-file FILE --unit VENDOR-SERIAL.", {
      field: options.unit === undefined ? "key-file" : "unit",
    });
  }
  try {
    await refuseExisting(path, "file");
    await createSecureFile(path, await sealKeys(keys, { passphrase, randomBytes: seams.randomBytes }), "file");
    for (const { key, ...owner } of keys) await markCopied(ring, owner, key);
  } finally {
    wipe(keys);
  }
  const units = keys.map(plainOwner);
  cli.emit(
    { exported: units.length, units },
    `Sealed: ${words(units)}. Keep it away from this computer, the passphrase too.`,
  );
}

async function importKeys(cli: CliContext, path: string, options: ImportOptions, seams: UnitSeams): Promise<void> {
  const passphrase = passphraseOf(cli, options.passphraseEnv);
  const unit = options.unit === undefined ? null : ownerOf(options.unit);
  const ring = createKeyRing(seams.secrets(cli));
  const { newKeyFile } = options;
  if (newKeyFile !== undefined) await refuseExisting(newKeyFile, "new-key-file");
  else if (!(await ring.availability()).available) {
    const text = "This computer has no key store that can be used. One unit's key into a file: --new-key-file FILE.";
    throw fail("bad-input", text, { field: "new-key-file" });
  }
  const { text } = await readSmallFile(path, maxSealedBytes, "file");
  const all = await openSealedKeys(text, passphrase);
  try {
    const keys = unit === null ? all : all.filter((one) => sameOwner(one, unit));
    if (keys.length === 0) throw fail("bad-input", "The file has no key of that unit.", { field: "unit" });
    if (newKeyFile !== undefined) await toFile(newKeyFile, keys);
    else for (const one of keys) await toStore(ring, one);
    const units = keys.map(plainOwner);
    const keyStored = [newKeyFile === undefined ? "key-store" : "file"];
    cli.emit({ imported: units.length, units, keyStored }, `Taken over: ${words(units)}`);
  } finally {
    wipe(all);
  }
}

async function listKeys(cli: CliContext, seams: UnitSeams): Promise<void> {
  const ring = createKeyRing(seams.secrets(cli));
  const rows: (KeyOwner & { proven: boolean; secondCopy: boolean })[] = [];
  for (const owner of await ring.owners()) {
    const kept = await ring.of(owner);
    if (kept) rows.push({ ...owner, proven: kept.proven, secondCopy: kept.secondCopy });
    wipeKept(kept);
  }
  const line = (row: (typeof rows)[number]): string =>
    `${row.serialNumber}: ${row.proven ? "proven" : "not proven"}, ${row.secondCopy ? "second copy exists" : "NO second copy"}`;
  cli.emit({ keys: rows }, rows.length > 0 ? rows.map(line).join("\n") : "No key is kept here.");
}

async function keptKeys(ring: KeyRing, unit: KeyOwner | null): Promise<ExportedKey[]> {
  const keys: ExportedKey[] = [];
  for (const owner of unit ? [unit] : await ring.owners()) {
    const kept = await ring.of(owner);
    if (kept) keys.push({ ...plainOwner(owner), key: kept.key, before: kept.before });
  }
  return keys;
}

async function keyOf(cli: CliContext, path: string, unit: KeyOwner | null): Promise<ExportedKey[]> {
  if (!unit) throw fail("bad-input", "Say whose key it is: --unit VENDOR-SERIAL.", { field: "unit" });
  return [{ ...unit, key: await keyOfFile(cli, path, "key-file"), before: null }];
}

async function markCopied(ring: KeyRing, owner: KeyOwner, key: Uint8Array): Promise<void> {
  const kept = await ring.of(owner);
  if (kept && sameSecret(kept.key, key)) await ring.keep(owner, { ...kept, secondCopy: true });
  wipeKept(kept);
}

async function toFile(path: string, keys: readonly ExportedKey[]): Promise<void> {
  const [only, ...others] = keys;
  if (!only || others.length > 0) {
    throw fail("bad-input", "The file has keys of several units: say which one with --unit.", { field: "unit" });
  }
  await createKeyFile(path, only.key, "new-key-file");
}

/** Another key of the same unit here already: both stay until a handshake proves one. */
async function toStore(ring: KeyRing, { key, before, ...owner }: ExportedKey): Promise<void> {
  const here = await ring.of(owner);
  const imported: KeptKey = { key, proven: before === null, before, secondCopy: true };
  const merged = here && !sameSecret(here.key, key) ? { ...imported, proven: false, before: here.key } : imported;
  const same = here !== null && merged === imported;
  const next = same ? { ...here, secondCopy: true } : merged;
  if (!(await ring.keep(owner, next))) {
    throw fail("not-verified", `The key store did not keep the key of unit ${owner.serialNumber}.`, {
      data: { ...owner },
    });
  }
  wipeKept(here);
}

function ownerOf(text: string): KeyOwner {
  const [, vendor, serialNumber] = /^([0-9a-f]{6})-([0-9a-f]{8})$/i.exec(text) ?? [];
  if (vendor === undefined || serialNumber === undefined) {
    throw fail("bad-input", "--unit wants vendor and serial number in hex, like 0c1105-01020304.", { field: "unit" });
  }
  return { vendor: vendor.toLowerCase(), serialNumber: serialNumber.toLowerCase() };
}

function plainOwner({ vendor, serialNumber }: KeyOwner): KeyOwner {
  return { vendor, serialNumber };
}

function sameOwner(a: KeyOwner, b: KeyOwner): boolean {
  return a.vendor === b.vendor && a.serialNumber === b.serialNumber;
}

function words(units: readonly KeyOwner[]): string {
  return units.map((unit) => unit.serialNumber).join(", ");
}

function wipe(keys: readonly ExportedKey[]): void {
  for (const { key, before } of keys) {
    key.fill(0);
    if (before instanceof Uint8Array) before.fill(0);
  }
}
