import { toHex } from "../lib/bytes.ts";
import { fail, type ToolkitError } from "../lib/errors.ts";
import type { Command } from "./codec.ts";
import { nakReasons } from "./replies.ts";

/** How far one request is. Times by the bus's clock. */
export interface Progress {
  /** How often the command was sent. */
  attempts: number;
  firstSentAt: number;
  /** When BUSY came first, 0: never. */
  busySince: number;
  /** A sending got no clear answer, so the device may have acted on it. Bad check (NAK 01) is clear: not taken. */
  unclear: boolean;
}

/**
 * The error of a request that was given up, with `data.maybeExecuted` where the device may have moved or written something:
 * whatever ended it after an unclear sending, and any end but a clear refusal after a reply.
 */
export function inDoubt(command: Pick<Command<unknown>, "readOnly">, error: ToolkitError, at: Progress): ToolkitError {
  const refused = error.data?.["nak"] !== undefined;
  if (command.readOnly || at.attempts === 0 || (refused && !at.unclear)) return error;
  return fail(error.code, error.message, { cause: error, data: { ...error.data, maybeExecuted: true } });
}

/** No good reply within the budget. */
export function noAnswer(address: number, command: Pick<Command<unknown>, "name">, attempts: number): ToolkitError {
  return fail("device-timeout", `No answer from address ${String(address)} to ${command.name}.`, {
    data: { command: command.name, attempts },
  });
}

/** BUSY for longer than accepted. */
export function busyTooLong(name: string): ToolkitError {
  return fail("device-timeout", `The device stays busy and does not finish ${name}.`, { data: { command: name } });
}

/** The conversation was restarted while the command was open: it may have been executed and is not sent again (`data.restarted`). */
export function interrupted(name: string): ToolkitError {
  return fail("protocol", `The device restarted the conversation during ${name}; it may or may not have acted on it.`, {
    data: { command: name, restarted: true, maybeExecuted: true },
  });
}

/** A NAK. 06 means that the device wants an encrypted link with a key that we do not use here. */
export function refusedBy(name: string, nak: { code: number; detail: Uint8Array }): ToolkitError {
  const reason = nakReasons[nak.code] ?? `code ${String(nak.code)}`;
  const data = {
    command: name,
    nak: nak.code,
    reason,
    ...(nak.detail.length > 0 ? { detail: toHex(nak.detail) } : {}),
  };
  if (nak.code === 6) {
    return fail(
      "device-auth",
      "The device wants an encrypted link: it belongs to its door phone and can be named, not driven.",
      {
        data,
      },
    );
  }
  return fail("device-refused", `The device refused ${name}: ${reason}.`, { data });
}

/** A valid frame whose code is no reply to this command. */
export function unexpectedReply(name: string, got: string): ToolkitError {
  return fail("protocol", `The device answered ${name} with ${got}, which does not fit.`, {
    data: { command: name, got },
  });
}
