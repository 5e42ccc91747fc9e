import { fail, ToolkitError } from "../lib/errors.ts";
import { CHLNG, SCRYPT } from "./commands.ts";
import type { Conversation, HandshakeBlock, RequestOptions, Step } from "./conversation.ts";
import {
  block,
  clientCryptogram,
  deriveKeys,
  initialRmac,
  sameSecret,
  SecureSession,
  serverCryptogram,
} from "./secure-channel.ts";

/** The key to open a session with. `scbk` is the device's own, `scbk-d` the factory key (only for pairing). */
export interface LinkKey {
  kind: "scbk" | "scbk-d";
  key: Uint8Array;
  /** So many random bytes. */
  randomBytes: (count: number) => Uint8Array;
}

/**
 * Opens a secure session: CHLNG with sequence 0, SCRYPT (OSDP v2.2, D.4). False: the device wants a restart first.
 * `device-auth` when it holds another key, `unsupported` when it knows no secure channel. Never tries another key.
 */
export async function openSession(talk: Conversation, link: LinkKey, options: RequestOptions): Promise<boolean> {
  const selector = link.kind === "scbk" ? 1 : 0;
  const randomA = link.randomBytes(8);
  const keys = deriveKeys(link.key, randomA);
  talk.reset();
  const challenge = { type: block.challenge, selector };
  const first = await handshakeStep(talk, () =>
    talk.perform(CHLNG, CHLNG.encode({ random: randomA }), options, challenge),
  );
  if (first.type === "restart") return false;
  const { random: randomB, cryptogram } = first.answer.value as { random: Uint8Array; cryptogram: Uint8Array };
  const usesOurSelector = first.answer.scb?.[1] === block.clientCryptogram && first.answer.scb[2] === selector;
  if (!usesOurSelector || !sameSecret(cryptogram, clientCryptogram(keys, randomA, randomB))) throw otherKey(talk);
  const proof = serverCryptogram(keys, randomA, randomB);
  const answer: HandshakeBlock = { type: block.serverCryptogram, selector };
  const second = await handshakeStep(talk, () =>
    talk.perform(SCRYPT, SCRYPT.encode({ cryptogram: proof }), options, answer),
  );
  if (second.type === "restart") return false;
  const { rmac } = second.answer.value as { rmac: Uint8Array };
  const accepted = second.answer.scb?.[1] === block.initialRmac && second.answer.scb[2] === 1;
  if (!accepted || !sameSecret(rmac, initialRmac(keys, proof))) throw otherKey(talk);
  talk.secure(new SecureSession(keys, rmac));
  return true;
}

/** A NAK in the handshake means: not with this key (libosdp says 05 for a wrong cryptogram), or no secure channel at all. */
async function handshakeStep(talk: Conversation, step: () => Promise<Step>): Promise<Step> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ToolkitError) || error.data?.["nak"] === undefined) throw error;
    if (error.data["nak"] === 3) throw noSecureChannel(talk);
    throw otherKey(talk, error);
  }
}

/** The device holds a key that is not the one we tried. */
function otherKey(talk: Conversation, cause?: ToolkitError): ToolkitError {
  talk.drop();
  return fail(
    "device-auth",
    "This unit holds another key: it belongs to its door phone and can be named, not driven.",
    { data: { address: talk.address, ...cause?.data }, ...(cause ? { cause } : {}) },
  );
}

/** The device knows no secure channel. */
export function noSecureChannel(talk: Conversation): ToolkitError {
  talk.drop();
  return fail(
    "unsupported",
    "This unit offers no encrypted link, and a key was given for it. Use --plain to go on without.",
    {
      data: { address: talk.address },
    },
  );
}
