import type { Clock } from "../../lib/clock.ts";
import { basicAuthorization, digestResponse } from "../../phone/digest.ts";
import type { SimPhoneSettings } from "./settings.ts";

/** What the door keeper says: let in, or an answer to send. */
export type Verdict =
  { readonly ok: true } | { readonly ok: false; readonly status: 401 | 403; readonly challenge: string | null };

/** The login of the simulated unit. */
export interface SimLogin {
  check(method: string, uri: string, authorization: string | undefined): Verdict;
  /** Forgets all nonces and asks again. */
  challengeAnew(): Verdict;
}

interface Nonce {
  readonly bornAt: number;
  uses: number;
  lastNc: number;
}

const maxNonces = 32;

/** A login that counts uses of each nonce and takes each count once. `randomHex` gives fresh nonces. */
export function createSimLogin(settings: SimPhoneSettings, clock: Clock, randomHex: () => string): SimLogin {
  const nonces = new Map<string, Nonce>();

  const challenge = (stale: boolean): Verdict => {
    if (settings.auth === "basic") return { ok: false, status: 401, challenge: 'Basic realm="HTTP API"' };
    const nonce = randomHex();
    const oldest = nonces.size >= maxNonces ? nonces.keys().next().value : undefined;
    if (oldest !== undefined) nonces.delete(oldest);
    nonces.set(nonce, { bornAt: clock.now(), uses: 0, lastNc: 0 });
    const algorithm = settings.algorithm === "MD5" ? "" : `, algorithm=${settings.algorithm}`;
    const text = `Digest realm="HTTP API", qop="auth,auth-int", nonce="${nonce}", opaque="5ccc069c"${algorithm}`;
    return { ok: false, status: 401, challenge: stale ? `${text}, stale=true` : text };
  };

  const checkDigest = (method: string, uri: string, authorization: string): Verdict => {
    const given = digestParams(authorization);
    const nonce = nonces.get(given.get("nonce") ?? "");
    const nc = parseInt(given.get("nc") ?? "", 16);
    if (!nonce || nonce.uses >= settings.nonceUses || clock.now() - nonce.bornAt > settings.nonceLifeMs)
      return challenge(true);
    const right = digestResponse({
      challenge: {
        realm: "HTTP API",
        nonce: given.get("nonce") ?? "",
        opaque: null,
        algorithm: settings.algorithm,
        qop: "auth",
        stale: false,
      },
      user: settings.user,
      password: settings.password,
      method,
      uri,
      nc,
      cnonce: given.get("cnonce") ?? "",
    });
    const fits = given.get("uri") === uri && given.get("username") === settings.user && given.get("qop") === "auth";
    if (!fits || !(nc > nonce.lastNc) || given.get("response") !== right) return challenge(false);
    nonce.uses += 1;
    nonce.lastNc = nc;
    return { ok: true };
  };

  return {
    check: (method, uri, authorization) => {
      if (settings.auth === "none") return { ok: true };
      if (settings.auth === "allowlist") return { ok: false, status: 403, challenge: null };
      if (authorization === undefined) return challenge(false);
      if (settings.auth === "digest") return checkDigest(method, uri, authorization);
      return authorization === basicAuthorization(settings.user, settings.password) ? { ok: true } : challenge(false);
    },
    challengeAnew: () => {
      nonces.clear();
      return challenge(false);
    },
  };
}

function digestParams(header: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const hit of header.slice(0, 4096).matchAll(/([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/gi))
    params.set((hit[1] ?? "").toLowerCase(), hit[2]?.replace(/\\(.)/g, "$1") ?? hit[3] ?? "");
  return params;
}
