import { createHash, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Log } from "../../lib/log.ts";
import type { Secrets } from "../../records/secrets.ts";

/** One entry of the OS key store; the part of @napi-rs/keyring's `AsyncEntry` that is used. */
export interface KeyStoreEntry {
  setPassword(secret: string, signal?: AbortSignal): Promise<void>;
  getPassword(signal?: AbortSignal): Promise<string | null>;
  deletePassword(signal?: AbortSignal): Promise<boolean>;
}

/** How to open secrets. `entry` makes an entry of the key store; tests pass their own. */
export interface OpenSecrets {
  dataDir: string;
  log: Log;
  timeoutMs?: number;
  entry?: (service: string, name: string) => Promise<KeyStoreEntry>;
}

/** Why a password cannot be kept; shown to people. */
const noKeyStore = "This computer has no key store that can be used, so passwords are asked for each time.";

/**
 * Secrets in the key store of the operating system, apart for each data folder. What was kept is read back. A key store
 * that is absent, locked or silent for `timeoutMs` (3 s) keeps nothing and says so; nothing here ever throws.
 */
export function openSecrets(options: OpenSecrets): Secrets {
  const { dataDir, log, timeoutMs = 3000, entry = systemEntry } = options;
  const folder = createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 16);
  const service = `SR01 Toolkit ${folder}`;

  /** The answer, or `otherwise` when the key store fails or takes too long. The secret itself is in no log line. */
  const ask = async <T>(what: string, otherwise: T, question: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        limit.abort();
        reject(new Error("no answer in time"));
      }, timeoutMs);
    });
    try {
      return await Promise.race([question(limit.signal), tooLate]);
    } catch (error) {
      log.warn("key-store.failed", { what, seen: error instanceof Error ? error.message : String(error) });
      return otherwise;
    } finally {
      clearTimeout(timer);
    }
  };
  const keep = (name: string, secret: string): Promise<boolean> =>
    ask("set", false, async (signal) => {
      const place = await entry(service, name);
      await place.setPassword(secret, signal);
      return (await place.getPassword(signal)) === secret;
    });
  const forget = async (name: string): Promise<void> => {
    await ask("delete", false, async (signal) => (await entry(service, name)).deletePassword(signal));
  };
  /** A random word is kept and taken away again: only that shows that the store works. */
  const tryOut = async (): Promise<boolean> => {
    const works = await keep("probe", randomBytes(16).toString("hex"));
    if (works) await forget("probe");
    return works;
  };

  let known: Promise<boolean> | undefined;
  return {
    availability: async () => {
      known ??= tryOut();
      const available = await known;
      // A locked store may be open the next time.
      if (!available) known = undefined;
      return { available, reason: available ? null : noKeyStore };
    },
    get: (name) => ask("get", null, async (signal) => (await (await entry(service, name)).getPassword(signal)) ?? null),
    set: keep,
    delete: forget,
  };
}

/**
 * An entry of the real key store. On Linux only the Secret Service counts: the library would silently fall back to the
 * kernel's keyring, which forgets at the next start of the computer.
 */
async function systemEntry(service: string, name: string): Promise<KeyStoreEntry> {
  const { AsyncEntry } = await import("@napi-rs/keyring");
  return new AsyncEntry(service, name, { linux: { store: "secret-service" } });
}
