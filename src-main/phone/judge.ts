import { fail } from "../lib/errors.ts";
import type { ToolkitError } from "../lib/errors.ts";
import type { Challenge, DigestChallenge } from "./digest.ts";
import { parseChallenges } from "./digest.ts";
import type { Envelope } from "./envelope.ts";
import { bodyText, looksLikeHtml, parseEnvelope } from "./envelope.ts";
import type { PhoneAnswer } from "./exchange.ts";

/** What a unit says about logging in when it is asked without credentials. */
export type Probe =
  | { readonly kind: "open" }
  | { readonly kind: "digest"; readonly challenge: DigestChallenge }
  | { readonly kind: "basic" };

const challengesOf = (answer: PhoneAnswer): Challenge[] => parseChallenges(answer.headers["www-authenticate"]);

/** The Digest challenge of a 401, or null. */
export function digestChallenge(answer: PhoneAnswer): DigestChallenge | null {
  if (answer.status !== 401) return null;
  for (const challenge of challengesOf(answer)) if (challenge.scheme === "digest") return challenge.digest;
  return null;
}

/**
 * Judges the answer to `GET /api/system/info` without credentials. Throws `device-auth` for an allow-list and for a
 * login this tool does not speak, `unsupported` for HTTPS-only units, web pages and other makers' units.
 */
export function judgeProbe(answer: PhoneAnswer): Probe {
  if (answer.status === 401) {
    const best = challengesOf(answer)[0];
    if (best?.scheme === "digest") return { kind: "digest", challenge: best.digest };
    if (best?.scheme === "basic") return { kind: "basic" };
    throw fail("device-auth", "The door phone asks for a kind of login that this tool does not know.", {
      data: { reason: "wrong-scheme", offered: best?.scheme === "other" ? best.name : null },
    });
  }
  judgeEnvelope(answer, "/api/system/info");
  return { kind: "open" };
}

/** The refusal of an allow-list: 403 for everybody, and no challenge. It is the most common trap, and no wrong password. */
export function allowListError(): ToolkitError {
  return fail(
    "device-auth",
    "The door phone lets this computer not in at all: its allow-list does not hold this computer's address, or its HTTP API is off. The password was not the reason.",
    { data: { reason: "allow-list" } },
  );
}

/** The refusal of credentials that were sent. */
export function wrongPasswordError(): ToolkitError {
  return fail("device-auth", "The door phone refused the user name or the password: one of them is wrong.", {
    data: { reason: "wrong-password" },
  });
}

/**
 * The envelope of a successful answer. Otherwise throws: `device-auth` 401, 403; `unsupported` 3xx, 404, web pages, no
 * such endpoint; `busy` 502 to 504; `device-refused` a negative return code or another status; `protocol` nonsense.
 */
export function judgeEnvelope(answer: PhoneAnswer, path: string): Envelope {
  judgeStatus(answer, path);
  const envelope = parseEnvelope(answer.body);
  if (envelope.retcode >= 0) return envelope;
  const data = { retcode: envelope.retcode, message: envelope.message };
  const said = envelope.message === "" ? "without a reason" : `"${envelope.message}"`;
  if (/no han(d|)l(d|)ers|unsupport/i.test(envelope.message))
    throw fail("unsupported", `This door phone's firmware has no such function (${said}).`, { data });
  if (/error param/i.test(envelope.message))
    throw fail("device-refused", `The door phone calls a parameter wrong (${said}).`, { data });
  throw fail("device-refused", `The door phone refused: ${said}.`, { data });
}

function judgeStatus(answer: PhoneAnswer, path: string): void {
  const { status } = answer;
  if (status === 200) return;
  const data = { status };
  if (status === 401) throw wrongPasswordError();
  if (status === 403) throw allowListError();
  if (status >= 300 && status < 400)
    throw fail("unsupported", "The door phone answers on HTTPS only; type its address with https:// in front.", {
      field: "host",
      data: { ...data, reason: "https-only" },
    });
  if (status === 404 || status === 405 || status === 501)
    throw fail("unsupported", "This door phone has no such function.", { data });
  if (status === 503 && path.startsWith("/fcgi/"))
    throw fail("device-refused", "The door phone's HTTP feature for opening doors is switched off.", { data });
  if (status >= 502 && status <= 504) throw fail("busy", "The door phone is busy or still starting.", { data });
  throw fail("device-refused", `The door phone refused with HTTP status ${String(status)}.`, { data });
}

const openDoorReasons: Readonly<Record<string, { code: "unsupported" | "device-refused"; words: string }>> = {
  "-1": { code: "unsupported", words: "The door phone does not know this way of opening." },
  "-2": { code: "unsupported", words: "The door phone has no such relay." },
  "-3": { code: "device-refused", words: '"Open Relay via HTTP" is switched off in the door phone ("Not Enable").' },
  "-4": { code: "device-refused", words: 'High Security Mode is on and forbids this way of opening ("Not Safe").' },
};

/** Judges an answer of `/fcgi/OpenDoor`, JSON or the old web page with its hidden result. HTTP 200 alone proves nothing. */
export function judgeOpenDoor(answer: PhoneAnswer): void {
  judgeStatus(answer, "/fcgi/OpenDoor");
  const text = bodyText(answer.body);
  if (looksLikeHtml(text)) {
    judgeOldPage(text);
    return;
  }
  const { retcode, message } = parseEnvelope(answer.body);
  if (retcode >= 0) return;
  const reason = openDoorReasons[String(retcode)];
  const words = reason?.words ?? `The door phone refused to open${message === "" ? "" : `: "${message}"`}.`;
  throw fail(reason?.code ?? "device-refused", words, { data: { retcode, message } });
}

function judgeOldPage(text: string): void {
  const input = /<input\b[^>]{0,200}\bhcSingleResult\b[^>]{0,200}>/i.exec(text.slice(0, 65_536))?.[0];
  const result = input && /\bvalue\s*=\s*['"]?(-?\d{1,6})/i.exec(input)?.[1];
  if (!result) throw fail("protocol", "The door phone answered with a web page that does not say what happened.");
  if (result === "0") return;
  if (result === "-1")
    throw fail("device-auth", "The door phone refused the user name or password for opening by HTTP.");
  throw fail("device-refused", `The door phone refused to open (result ${result}).`, { data: { result } });
}
