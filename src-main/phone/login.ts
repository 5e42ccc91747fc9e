import { fail } from "../lib/errors.ts";
import type { DigestChallenge } from "./digest.ts";
import { basicAuthorization, digestAuthorization } from "./digest.ts";
import type { PhoneAnswer, PhoneRequest } from "./exchange.ts";
import { digestChallenge, judgeProbe, wrongPasswordError } from "./judge.ts";

/** How to log in. `auto` asks the unit and never sends Basic over plain HTTP. */
export type PhoneAuth = "auto" | "digest" | "basic" | "none";

/** What a login needs. */
export interface LoginOptions {
  readonly auth: PhoneAuth;
  /** Basic may go over this connection unasked: it is HTTPS. */
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
  /** A fresh random text for the client nonce. */
  readonly randomHex: () => string;
}

/** What is known of logging in to one unit. Sends nothing itself. */
export interface Login {
  /** The login in use, null while unknown. */
  mode(): "digest" | "basic" | "none" | null;
  /** True when a fresh challenge must be drawn before anything with an effect. */
  needsChallenge(): boolean;
  /** Takes the answer to the harmless question without credentials. Throws what stands in the way. */
  takeProbe(answer: PhoneAnswer): void;
  /**
   * Takes a 401 to a request. Returns when there is a new challenge to answer; throws `device-auth` otherwise, and
   * always when this request was `answered` before.
   */
  takeRefusal(answer: PhoneAnswer, answered: boolean): void;
  /** The `Authorization` header for a request, null for none. Counts the nonce. */
  authorization(request: PhoneRequest): string | null;
}

interface Nonce {
  readonly challenge: DigestChallenge;
  readonly cnonce: string;
  nc: number;
}

/** Starts with what the person chose; `auto` and `digest` learn the rest from the unit. */
export function createLogin(options: LoginOptions): Login {
  const { auth, user, password } = options;
  let mode: "digest" | "basic" | "none" | null = auth === "basic" || auth === "none" ? auth : null;
  let nonce: Nonce | null = null;

  const useChallenge = (challenge: DigestChallenge): void => {
    needCredentials(options);
    mode = "digest";
    nonce = { challenge, cnonce: options.randomHex(), nc: 0 };
  };

  const digest = (current: Nonce, request: PhoneRequest): string => {
    current.nc += 1;
    const { challenge, nc } = current;
    // Only the -sess forms tie the client nonce to the whole life of the server's nonce (RFC 7616 section 3.4.2).
    const cnonce = challenge.algorithm.endsWith("-sess") || nc === 1 ? current.cnonce : options.randomHex();
    return digestAuthorization({ challenge, user, password, method: request.method, uri: request.path, nc, cnonce });
  };

  return {
    mode: () => mode,
    needsChallenge: () => mode === null || mode === "digest",
    takeProbe: (answer) => {
      const probe = judgeProbe(answer);
      if (probe.kind === "digest") {
        useChallenge(probe.challenge);
        return;
      }
      if (probe.kind === "basic") {
        if (auth === "digest") throw schemeError("Basic", auth);
        if (!options.secure) throw basicInClearError();
        needCredentials(options);
      }
      mode = probe.kind === "basic" ? "basic" : "none";
    },
    takeRefusal: (answer, answered) => {
      const challenge = digestChallenge(answer);
      if (auth === "none") throw loginNeededError();
      if (auth === "basic") {
        needCredentials(options);
        if (challenge) throw schemeError("Digest", auth);
      }
      if (answered || challenge === null || mode === "basic") throw wrongPasswordError();
      useChallenge(challenge);
    },
    authorization: (request) => {
      if (mode === "basic") return basicAuthorization(user, password);
      return mode === "digest" && nonce ? digest(nonce, request) : null;
    },
  };
}

function loginNeededError(): Error {
  return fail("device-auth", "The door phone asks for a user name and a password.", {
    data: { reason: "login-needed" },
  });
}

function schemeError(offered: string, asked: string): Error {
  return fail("device-auth", `The door phone wants ${offered}, but the login was set to "${asked}".`, {
    field: "auth",
    data: { reason: "wrong-scheme" },
  });
}

function basicInClearError(): Error {
  return fail(
    "device-auth",
    "The door phone wants Basic, which sends the password readable over the network. Switch it to Digest, or choose Basic on purpose.",
    { field: "auth", data: { reason: "basic-in-clear" } },
  );
}

function needCredentials({ user, password }: LoginOptions): void {
  if (user === "") throw fail("bad-input", "This door phone asks for a user name and a password.", { field: "user" });
  if (password === "") throw fail("bad-input", "This door phone asks for a password.", { field: "password" });
}
