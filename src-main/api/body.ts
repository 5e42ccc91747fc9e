import type { Clock } from "../lib/clock.ts";
import { concatBytes } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";

/** How much of a body is read, and how long for. */
export interface BodyLimits {
  maxBytes: number;
  /** From the first read to the last byte. */
  budgetMs: number;
  clock: Clock;
}

/**
 * Hands every chunk of a body to `onChunk`, in order. Rejects with `bad-input` when it is too big or too slow, with
 * `cancelled` when the sender went away; the rest of the body is then given up.
 */
export async function eachChunk(
  body: ReadableStream<Uint8Array> | null,
  limits: BodyLimits,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  if (!body) return;
  const reader = body.getReader();
  const giveUp = (): void => void reader.cancel().catch(() => undefined);
  let late = false;
  const callOff = limits.clock.after(limits.budgetMs, () => {
    late = true;
    giveUp();
  });
  let sizeBytes = 0;
  try {
    for (let part = await read(reader); !part.done; part = await read(reader)) {
      sizeBytes += part.value.length;
      if (sizeBytes > limits.maxBytes) throw tooBig(limits.maxBytes);
      onChunk(part.value);
    }
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    callOff();
  }
  if (late) throw fail("bad-input", `The body did not arrive within ${String(limits.budgetMs / 1000)} s.`);
}

/** The whole body, see {@link eachChunk}. */
export async function readBody(body: ReadableStream<Uint8Array> | null, limits: BodyLimits): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await eachChunk(body, limits, (chunk) => chunks.push(chunk));
  return concatBytes(...chunks);
}

/** Refuses by the announced length, before a byte is read. */
export function checkAnnouncedLength(request: Request, maxBytes: number): void {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maxBytes) throw tooBig(maxBytes);
}

/** The media type of a body without its parameters, in lower case; empty when there is none. */
export function mediaType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw fail("cancelled", "The sender went away before the body was complete.", { cause });
  }
}

function tooBig(maxBytes: number): Error {
  return fail("bad-input", `That is too big: at most ${String(maxBytes)} bytes are taken.`, { data: { maxBytes } });
}
