import type { Clock } from "../lib/clock.ts";
import { sleep, throwIfAborted } from "../lib/clock.ts";
import { fail, ToolkitError, toToolkitError } from "../lib/errors.ts";
import type { ConfigMap } from "./answers.ts";
import type { Phone } from "./client.ts";
import type { KeyWrite } from "./plan.ts";
import { shownValue } from "./settings.ts";

/** A field that reads back other than asked. `renamed`: a Relay Name that the cloud changed, no failure. Secrets read as `**`. */
export interface Differing {
  field: string;
  asked: string;
  got: string | null;
  renamed: boolean;
}

/** How a write ended. `restored` null: nothing had to be put back. */
export interface WriteResult {
  written: boolean;
  readBack: "equal" | "differs" | null;
  differing: Differing[];
  restored: boolean | null;
}

/** `settleMs`: between a change and reading it back, default 2 s. */
export interface WriteOptions {
  readonly clock: Clock;
  readonly settleMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Writes exactly these keys in one request, reads back, and puts the old values back when any field but a Relay Name did
 * not stick. Once sent it cannot be cancelled any more. A request whose end is unclear is not repeated: what reads back
 * decides. Throws `not-verified` when nothing could be read back, and the write's own error when nothing was changed.
 */
export async function writeSettings(
  phone: Pick<Phone, "setConfig" | "config">,
  writes: readonly KeyWrite[],
  options: WriteOptions,
): Promise<WriteResult> {
  if (writes.length === 0) return { written: false, readBack: null, differing: [], restored: null };
  throwIfAborted(options.signal);
  const unclear = await sendUnclear(phone, writes);
  const after = await readAfter(phone, writes, options);
  if (unclear && writes.every((write) => after.get(write.key) === write.old)) throw unchanged(unclear);
  const differing = compare(writes, after);
  if (differing.length === 0) return { written: true, readBack: "equal", differing, restored: null };
  if (differing.every((one) => one.renamed)) return { written: true, readBack: "differs", differing, restored: null };
  const restored = await restore(phone, writes, after, differing, options);
  return { written: true, readBack: "differs", differing, restored };
}

/** Sends the write. Returns the error when it is open whether the unit took it. */
async function sendUnclear(phone: Pick<Phone, "setConfig">, writes: readonly KeyWrite[]): Promise<ToolkitError | null> {
  try {
    await phone.setConfig(Object.fromEntries(writes.map((write) => [write.key, write.new])));
    return null;
  } catch (thrown) {
    const error = toToolkitError(thrown);
    if (error.data?.["maybeExecuted"] === true) return error;
    throw error;
  }
}

async function readAfter(
  phone: Pick<Phone, "config">,
  writes: readonly KeyWrite[],
  options: WriteOptions,
): Promise<ConfigMap> {
  await sleep(options.clock, options.settleMs ?? 2000);
  try {
    return await phone.config();
  } catch (cause) {
    const fields = writes.map((write) => write.field);
    throw fail("not-verified", "The settings were sent, but the door phone could not be read afterwards.", {
      data: { fields, maybeExecuted: true, reason: toToolkitError(cause).message },
      cause,
    });
  }
}

function compare(writes: readonly KeyWrite[], after: ConfigMap): Differing[] {
  return writes
    .filter((write) => after.get(write.key) !== write.new)
    .map((write) => {
      const got = after.get(write.key);
      return {
        field: write.field,
        asked: shownValue(write.field, write.new),
        got: got === undefined ? null : shownValue(write.field, got),
        renamed: write.field.endsWith(".name") && got !== undefined,
      };
    });
}

/** Puts back what is not as it was. True only when it reads back so. A renamed Relay Name is left to the cloud. */
async function restore(
  phone: Pick<Phone, "setConfig" | "config">,
  writes: readonly KeyWrite[],
  after: ConfigMap,
  differing: readonly Differing[],
  options: WriteOptions,
): Promise<boolean> {
  const renamed = new Set(differing.filter((one) => one.renamed).map((one) => one.field));
  const back = writes
    .filter((write) => !renamed.has(write.field) && after.get(write.key) !== write.old)
    .map((write) => ({ ...write, new: write.old }));
  if (back.length === 0) return true;
  try {
    await sendUnclear(phone, back);
    const now = await readAfter(phone, back, options);
    return back.every((write) => now.get(write.key) === write.new);
  } catch (thrown) {
    if (thrown instanceof ToolkitError && thrown.code !== "bug") return false;
    throw thrown;
  }
}

function unchanged(error: ToolkitError): ToolkitError {
  return fail(
    error.code,
    "The door phone did not confirm the change, and its settings read back as they were before.",
    {
      data: { ...error.data, maybeExecuted: false },
      cause: error,
    },
  );
}
