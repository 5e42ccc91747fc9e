import { createHash, timingSafeEqual } from "node:crypto";

/** What the guard looks at. Header names in lower case; `duplicate` headers count as wrong. */
export interface RequestFacts {
  method: string;
  /** The request target, from {@link parseTarget}. */
  url: URL;
  header(name: string): string | undefined;
}

/** Who we are: the port that we listen on and the token that was given to the page. */
export interface GuardKeys {
  port: number;
  token: string;
}

/** Why a request is refused: a status and a plain sentence that gives nothing away. */
export interface Refusal {
  status: 400 | 403 | 405;
  message: string;
}

/** Name of the header that carries the token. A page of another origin cannot send it without our leave, which nobody gets. */
export const tokenHeader = "x-sr01-token";

/**
 * The rules of who may ask, in order; undefined when all hold. Host is ours (DNS rebinding), Origin is ours if present,
 * Sec-Fetch-Site is same-origin or none if present (browsers always send it to a loopback address; what is no browser has
 * to know the token anyway), and everything below /api/ carries the token. Static files hold no secret.
 */
export function refuse(facts: RequestFacts, keys: GuardKeys): Refusal | undefined {
  if (!["GET", "HEAD", "POST"].includes(facts.method)) return { status: 405, message: "This method is not taken." };
  const ours = new URL(originOf(keys.port));
  if (facts.header("host") !== ours.host) return { status: 403, message: "This host name is not ours." };
  const origin = facts.header("origin");
  if (origin !== undefined && origin !== ours.origin) return { status: 403, message: "Other pages may not ask." };
  const isApi = isApiPath(facts.url);
  const site = facts.header("sec-fetch-site");
  const siteIsOurs = site === undefined || site === "same-origin" || site === "none";
  if (!siteIsOurs && (isApi || !opensPage(facts))) return { status: 403, message: "Other sites may not ask." };
  if (isApi && !sameSecret(facts.header(tokenHeader) ?? "", keys.token)) {
    return { status: 403, message: "The token is missing or wrong. Open the address that the program shows." };
  }
  return undefined;
}

/**
 * The request target as a URL of ours, or undefined when it is not a path or leads elsewhere. Everybody who asks "which
 * path?" asks this one, so that `/x/../api/y` is not one thing to the guard and another to the API.
 */
export function parseTarget(target: string, port: number): URL | undefined {
  const origin = originOf(port);
  const url = target.startsWith("/") && URL.canParse(target, origin) ? new URL(target, origin) : undefined;
  return url?.origin === origin ? url : undefined;
}

/** True for what belongs to the API and so needs the token. */
export function isApiPath(url: URL): boolean {
  return url.pathname.startsWith("/api/");
}

/** Our own origin. */
export function originOf(port: number): string {
  return new URL(`http://127.0.0.1:${String(port)}`).origin;
}

/**
 * A person following a link to the page itself, in a tab of its own. The browser is started with a private file that
 * leads here, which makes it "cross-site"; the page is the same for all and holds nothing until it is given the token.
 */
function opensPage(facts: RequestFacts): boolean {
  return (
    facts.method === "GET" &&
    ["/", "/index.html"].includes(facts.url.pathname) &&
    facts.header("sec-fetch-mode") === "navigate" &&
    facts.header("sec-fetch-dest") === "document"
  );
}

/** Same text? Takes the same time wherever the first difference is, and whatever the lengths are. */
export function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
