import { fail } from "../lib/errors.ts";

/** Where a door phone answers: `http://192.168.1.20:8080`, without a path. */
export interface PhoneAddress {
  readonly origin: string;
  /** The password would cross the network readable for everyone if sent as Basic. */
  readonly secure: boolean;
}

/**
 * Reads what a person typed as the door phone's address: `HOST`, `HOST:PORT`, with or without `http://` or `https://`.
 * Anything else, credentials and paths included, is `bad-input` on the field `host`.
 */
export function parsePhoneAddress(text: string): PhoneAddress {
  const typed = text.trim();
  const problem = fail("bad-input", "Type the door phone's address as HOST or HOST:PORT, for example 192.168.1.20.", {
    field: "host",
  });
  if (typed === "" || typed.length > 253 || !/^(https?:\/\/)?[A-Za-z0-9.[\]:_-]+\/?$/.test(typed)) throw problem;
  let url: URL;
  try {
    url = new URL(/^https?:\/\//.test(typed) ? typed : `http://${typed}`);
  } catch (cause) {
    throw fail("bad-input", problem.message, { field: "host", cause });
  }
  if (url.username !== "" || url.password !== "" || url.hostname === "") throw problem;
  return { origin: url.origin, secure: url.protocol === "https:" };
}
