/** The seam to the OS key store. Names are like `phone/<host>/<user>`. */
export interface Secrets {
  /** Whether secrets can be kept at all, and if not why, in one plain sentence. */
  availability(): Promise<{ available: boolean; reason: string | null }>;
  /** The secret, or null when none is kept. */
  get(name: string): Promise<string | null>;
  /** Keeps a secret and reads it back; false when it could not be kept. Never throws for an absent key store. */
  set(name: string, secret: string): Promise<boolean>;
  /** Forgets it. */
  delete(name: string): Promise<void>;
}

/** Secrets in memory: for Training and tests. Gone with the process. */
export function memorySecrets(): Secrets {
  const kept = new Map<string, string>();
  return {
    availability: () => Promise.resolve({ available: true, reason: null }),
    get: (name) => Promise.resolve(kept.get(name) ?? null),
    set: (name, secret) => {
      kept.set(name, secret);
      return Promise.resolve(true);
    },
    delete: (name) => {
      kept.delete(name);
      return Promise.resolve();
    },
  };
}
