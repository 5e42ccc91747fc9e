import { randomBytes } from "node:crypto";

/** So many random bytes of the system, fit for keys. */
export const systemRandomBytes = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
