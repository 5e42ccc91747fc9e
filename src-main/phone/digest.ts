import { createHash } from "node:crypto";

/** Digest algorithms that are answered. Source: RFC 7616 section 3.3. */
export type DigestAlgorithm = "MD5" | "MD5-sess" | "SHA-256" | "SHA-256-sess";

/** A Digest challenge that can be answered. `qop` null: the old form of RFC 2069. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  readonly algorithm: DigestAlgorithm;
  readonly qop: "auth" | null;
  readonly stale: boolean;
}

/** One challenge of a `WWW-Authenticate` header. `other`: a scheme or a variant that is not spoken here. */
export type Challenge =
  | { readonly scheme: "digest"; readonly digest: DigestChallenge }
  | { readonly scheme: "basic" }
  | { readonly scheme: "other"; readonly name: string };

/** What an answer to a Digest challenge is made of. `nc` counts the uses of the nonce, from 1. */
export interface DigestUse {
  readonly challenge: DigestChallenge;
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** Path with query, as in the request line. */
  readonly uri: string;
  readonly nc: number;
  readonly cnonce: string;
}

const algorithms: Readonly<Record<string, DigestAlgorithm>> = {
  md5: "MD5",
  "md5-sess": "MD5-sess",
  "sha-256": "SHA-256",
  "sha-256-sess": "SHA-256-sess",
};
const maxHeader = 4096;
const maxChallenges = 8;

/** All challenges of the header, the strongest Digest first. Hostile text gives an empty list or `other`, never an error. */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const text = typeof header === "string" ? header : (header ?? []).join(", ");
  if (text.length > maxHeader) return [];
  const found: { name: string; params: Map<string, string> }[] = [];
  const token = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (let hit = token.exec(text); hit !== null; hit = token.exec(text)) {
    const name = (hit[1] ?? "").toLowerCase();
    if (hit[2] === undefined) found.push({ name, params: new Map() });
    else found.at(-1)?.params.set(name, hit[3]?.replace(/\\(.)/g, "$1") ?? hit[4] ?? "");
    if (found.length > maxChallenges) break;
  }
  return found.map(({ name, params }) => toChallenge(name, params)).sort((a, b) => strength(b) - strength(a));
}

function toChallenge(name: string, params: ReadonlyMap<string, string>): Challenge {
  if (name === "basic") return { scheme: "basic" };
  const algorithm = algorithms[(params.get("algorithm") ?? "MD5").toLowerCase()];
  const nonce = params.get("nonce");
  const realm = params.get("realm") ?? "";
  const opaque = params.get("opaque") ?? null;
  const offered = params.get("qop")?.split(/[\s,]+/);
  const plain = [nonce ?? "", realm, opaque ?? ""].every((text) => /^[\x20-\x7e]{0,512}$/.test(text));
  const auth = offered === undefined || offered.includes("auth");
  if (name !== "digest" || algorithm === undefined || nonce === undefined || !plain || !auth)
    return { scheme: "other", name: name.slice(0, 40) };
  const stale = params.get("stale")?.toLowerCase() === "true";
  return { scheme: "digest", digest: { realm, nonce, opaque, algorithm, qop: offered ? "auth" : null, stale } };
}

function strength(challenge: Challenge): number {
  if (challenge.scheme === "other") return 0;
  if (challenge.scheme === "basic") return 1;
  return challenge.digest.algorithm.startsWith("SHA") ? 3 : 2;
}

/** The `response` value. Source: RFC 7616 sections 3.4.1 to 3.4.3, RFC 2617 section 3.2.2. */
export function digestResponse(use: DigestUse): string {
  const { challenge, cnonce } = use;
  const hash = hasher(challenge.algorithm);
  const secret = hash(`${use.user}:${challenge.realm}:${use.password}`);
  const ha1 = challenge.algorithm.endsWith("-sess") ? hash(`${secret}:${challenge.nonce}:${cnonce}`) : secret;
  const ha2 = hash(`${use.method}:${use.uri}`);
  if (challenge.qop === null) return hash(`${ha1}:${challenge.nonce}:${ha2}`);
  return hash(`${ha1}:${challenge.nonce}:${ncText(use.nc)}:${cnonce}:${challenge.qop}:${ha2}`);
}

/** The whole `Authorization` header for one request. A user name outside ASCII goes as `username*`. */
export function digestAuthorization(use: DigestUse): string {
  const { challenge } = use;
  const parts = [
    /^[\x20-\x7e]*$/.test(use.user)
      ? `username=${quoted(use.user)}`
      : `username*=UTF-8''${encodeURIComponent(use.user).replace(/[!'()*]/g, percent)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(use.uri)}`,
    `algorithm=${challenge.algorithm}`,
    `response="${digestResponse(use)}"`,
  ];
  if (challenge.qop !== null) parts.push(`qop=${challenge.qop}`, `nc=${ncText(use.nc)}`);
  if (challenge.qop !== null || challenge.algorithm.endsWith("-sess")) parts.push(`cnonce=${quoted(use.cnonce)}`);
  if (challenge.opaque !== null) parts.push(`opaque=${quoted(challenge.opaque)}`);
  return `Digest ${parts.join(", ")}`;
}

/** The `Authorization` header of the Basic scheme, UTF-8. Source: RFC 7617. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}

function hasher(algorithm: DigestAlgorithm): (text: string) => string {
  const name = algorithm.startsWith("SHA") ? "sha256" : "md5";
  return (text) => createHash(name).update(text, "utf8").digest("hex");
}

function ncText(nc: number): string {
  return nc.toString(16).padStart(8, "0");
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
