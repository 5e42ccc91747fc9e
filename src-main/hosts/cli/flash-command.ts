import { open } from "node:fs/promises";
import type { Command } from "commander";
import { fail, type ToolkitError } from "../../lib/errors.ts";
import { flash, type FlashReport } from "../../sr01/flash.ts";
import { firstProblem, readImage } from "../../sr01/image.ts";
import type { WireProfile } from "../../sr01/profile.ts";
import { parseVersion } from "../../sr01/version.ts";
import type { CliAction, CliContext } from "./context.ts";
import { addDeviceOptions, type DeviceOptions } from "./options.ts";
import { withUnit } from "./unit.ts";

/** Longest firmware file, bytes. */
const maxFileBytes = 64 * 1024 * 1024;
/** Progress lines come at most so often, ms. */
const progressEveryMs = 250;

interface FlashOptions extends DeviceOptions {
  expect?: string;
  allowDowngrade?: string;
}

/** Adds `flash FILE`. */
export function registerFlashCommand(program: Command, action: CliAction): void {
  addDeviceOptions(program.command("flash <file>").description("send a firmware file and prove what runs afterwards"))
    .option("--expect <version>", "version that must run afterwards, e.g. 1.2.4")
    .option("--allow-downgrade <version>", "the file's version, typed out, when it is older than the running one")
    .action(action(flashFile));
}

async function flashFile(cli: CliContext, path: string, options: FlashOptions): Promise<void> {
  if (options.expect !== undefined) parseVersion(options.expect, "expect");
  if (options.allowDowngrade !== undefined) parseVersion(options.allowDowngrade, "allow-downgrade");
  const file = await readFirmware(path);
  const reading = readImage(file);
  const problem = firstProblem(reading);
  if (problem) throw problem;
  const image = reading.kind === "simulator" ? reading : { version: null, hardware: null };
  cli.emit(
    { phase: "check", sentBytes: 0, totalBytes: file.length },
    `${path}: ${String(file.length)} bytes, ${kindWords(image.version)}`,
  );
  await withUnit(cli, options, async (profile) => {
    const report = await flash({
      ...{ profile, file, image, expect: options.expect, allowDowngrade: options.allowDowngrade },
      ...{ clock: cli.clock, signal: cli.signal, onProgress: progressLines(cli, profile, file.length) },
    });
    tell(cli, report);
  });
}

async function readFirmware(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      if (size > maxFileBytes) throw fail("bad-input", "The file is larger than 64 MiB.", { field: "file" });
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined) throw cause;
    const words = code === "ENOENT" ? "There is no such file." : `The file cannot be read (${code}).`;
    throw fail("bad-input", words, { field: "file", cause, data: { path } });
  }
}

function progressLines(
  cli: CliContext,
  profile: WireProfile,
  totalBytes: number,
): (progress: { phase: string; sentBytes: number }) => void {
  let lastPhase = "check";
  let lastAt = Number.NEGATIVE_INFINITY;
  return ({ phase, sentBytes }) => {
    const now = cli.clock.now();
    if (phase === lastPhase && (phase !== "transfer" || now - lastAt < progressEveryMs)) return;
    lastPhase = phase;
    lastAt = now;
    const percent = Math.floor((100 * sentBytes) / totalBytes);
    cli.emit({ phase, sentBytes, totalBytes }, `${phase} ${String(percent)} % (${String(profile.repeats)} repeats)`);
  };
}

/** The last line, in every case that got as far as a transfer. A failure is part of it, so that it stays the last one. */
function tell(cli: CliContext, report: FlashReport): void {
  const { error, ...figures } = report;
  const done = { phase: "done", ...figures };
  if (error) throw cli.failWith(done, withPlace(error, report));
  cli.emit(done, verdictWords(report));
}

/** A flash that broke off or was stopped says where, and what the unit runs as far as it could still say so. */
function withPlace(error: ToolkitError, { fileBytes, firmwareAfter }: FlashReport): ToolkitError {
  if (error.code === "not-verified") return error;
  const sentBytes = error.data?.["sentBytes"];
  const place =
    typeof sentBytes === "number"
      ? `The transfer ended at ${String(sentBytes)} of ${String(fileBytes)} bytes.`
      : "The unit has the whole file; it was not verified.";
  const runs = firmwareAfter === null ? "" : ` The unit runs ${firmwareAfter}.`;
  const { code, message, field, data } = error;
  const facts = { ...(field === undefined ? {} : { field }), ...(data === undefined ? {} : { data }) };
  return fail(code, `${message} ${place}${runs}`, { ...facts, cause: error });
}

function verdictWords(report: FlashReport): string {
  const { verified, firmwareBefore, firmwareAfter, seconds } = report;
  const verdict = verified === null ? "sent, not verified: no version is known to compare with" : "verified";
  return `${verdict}; firmware ${firmwareBefore} before, ${firmwareAfter ?? "unknown"} now; ${String(seconds)} s on the wire`;
}

function kindWords(version: string | null): string {
  return version === null ? "format and origin unknown" : `firmware ${version} for the simulated SR01`;
}
