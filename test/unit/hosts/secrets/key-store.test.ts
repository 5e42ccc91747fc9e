import { describe, expect, it } from "vitest";
import { openSecrets, type KeyStoreEntry } from "../../../../src-main/hosts/secrets/key-store.ts";
import type { Log } from "../../../../src-main/lib/log.ts";

function listeningLog() {
  const lines: string[] = [];
  const take = (event: string, facts?: unknown): void => void lines.push(`${event} ${JSON.stringify(facts)}`);
  const log: Log = { debug: take, info: take, warn: take, error: take };
  return { log, lines };
}

/** A key store in memory that follows the library's rules. */
function keyStore(faults: Partial<KeyStoreEntry> = {}) {
  const kept = new Map<string, string>();
  const entry = (service: string, name: string): Promise<KeyStoreEntry> => {
    const place = `${service}/${name}`;
    return Promise.resolve({
      setPassword: (secret) => {
        kept.set(place, secret);
        return Promise.resolve();
      },
      getPassword: () => Promise.resolve(kept.get(place) ?? null),
      deletePassword: () => Promise.resolve(kept.delete(place)),
      ...faults,
    });
  };
  return { kept, entry };
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

describe("the OS key store", () => {
  it("keeps, gives back and forgets, apart for each data folder", async () => {
    const { log } = listeningLog();
    const { kept, entry } = keyStore();
    const one = openSecrets({ dataDir: "/data/one", log, entry });
    const two = openSecrets({ dataDir: "/data/two", log, entry });
    expect(await one.availability()).toEqual({ available: true, reason: null });
    expect(kept.size).toBe(0);
    expect(await one.set("phone/a/admin", "s3cret")).toBe(true);
    expect(await one.get("phone/a/admin")).toBe("s3cret");
    expect(await two.get("phone/a/admin")).toBeNull();
    await one.delete("phone/a/admin");
    expect(await one.get("phone/a/admin")).toBeNull();
  });

  const faults: { name: string; entry: ReturnType<typeof keyStore>["entry"] }[] = [
    { name: "absent", entry: () => Promise.reject(new Error("Couldn't access platform storage")) },
    { name: "silent", entry: keyStore({ setPassword: never, getPassword: never, deletePassword: never }).entry },
    { name: "forgetful", entry: keyStore({ getPassword: () => Promise.resolve(null) }).entry },
    { name: "locked", entry: keyStore({ setPassword: () => Promise.reject(new Error("locked")) }).entry },
  ];
  it.each(faults)("that is $name keeps nothing, says so, and throws nothing", async ({ entry }) => {
    const { log, lines } = listeningLog();
    const secrets = openSecrets({ dataDir: "/data", log, entry, timeoutMs: 30 });
    const { available, reason } = await secrets.availability();
    expect(available).toBe(false);
    expect(reason).toMatch(/asked for each time/);
    expect(await secrets.set("name", "canary-55")).toBe(false);
    expect(await secrets.get("name")).toBeNull();
    await secrets.delete("name");
    expect(lines.join("\n")).not.toContain("canary-55");
  });

  it("is asked again after it could not be used", async () => {
    const { log } = listeningLog();
    let locked = true;
    const { entry } = keyStore();
    const maybe = (service: string, name: string) =>
      locked ? Promise.reject(new Error("locked")) : entry(service, name);
    const secrets = openSecrets({ dataDir: "/data", log, entry: maybe, timeoutMs: 30 });
    expect((await secrets.availability()).available).toBe(false);
    locked = false;
    expect((await secrets.availability()).available).toBe(true);
  });

  it("of this computer answers within its time limit, whether there is one or not", async () => {
    const { log } = listeningLog();
    const since = performance.now();
    const { available, reason } = await openSecrets({ dataDir: "/data", log }).availability();
    expect(reason === null).toBe(available);
    expect(performance.now() - since).toBeLessThan(7000);
  });
});
