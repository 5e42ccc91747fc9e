import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli, socatPair, startCli, type CliResult, type RunningCli, type SocatPair } from "./harness.ts";

const ownKey = "00112233445566778899aabbccddeeff";
const speed = ["--baud", "115200"];

let pair: SocatPair;
let dir = "";
let sim: RunningCli | null = null;
let said: CliResult[] = [];
beforeEach(async () => {
  pair = await socatPair();
  dir = mkdtempSync(join(tmpdir(), "sr01-secure-"));
  said = [];
});
afterEach(async () => {
  await sim?.stop();
  sim = null;
  await pair.close();
  rmSync(dir, { recursive: true, force: true });
});

const file = (name: string, text?: string): string => {
  const path = join(dir, name);
  if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
  return path;
};
/** A simulated SR01 in a process of its own. */
const unit = async (...more: string[]): Promise<void> => {
  sim = await startCli(["sim", "sr01", "--port", pair.b, ...speed, "--json", ...more]);
};
/** One run of the command line as an installer would start it. */
const run = async (args: string[], env: Record<string, string> = {}): Promise<CliResult> => {
  const device = /^(keys)$/.test(args[0] ?? "") ? [] : ["--port", pair.a, "--listen-ms", "50"];
  const result = await runCli([...args, ...device, "--json"], { env, dataDir: join(dir, "data") });
  said.push(result);
  return result;
};
/** No key in anything that was printed or logged. */
const nowhere = (...keys: string[]): void => {
  const log = readFileSync(join(dir, "data", "sr01-toolkit.log"), { encoding: "utf8", flag: "a+" });
  const all = [...said.map(({ stdout, stderr }) => stdout + stderr), log].join("\n").toLowerCase();
  for (const key of keys) expect(all).not.toContain(key);
};

describe("the command line with keys, over a pseudo-terminal", () => {
  test("pair a factory unit, drive it with its key, change the key, hand it over, move it, find it", async () => {
    await unit("--install", "--key-file", file("unit"));
    const clear = await run(["identify", ...speed]);
    expect(clear.lines.at(-1)).toMatchObject({ secure: "none" });
    expect(clear.stderr).toContain("factory key");

    const first = file("first");
    const paired = await run(["pair", "--new-key-file", first, ...speed]);
    expect(paired.code, paired.stdout + paired.stderr).toBe(0);
    expect(paired.lines.at(-1)).toMatchObject({
      serialNumber: "01020304",
      paired: true,
      secure: "scbk",
      secondCopy: false,
    });
    expect(statSync(first).mode & 0o777).toBe(0o600);
    const key = readFileSync(first, "utf8").trim();
    expect(readFileSync(file("unit"), "utf8").trim()).toBe(key);

    const secured = await run(["identify", "--key-file", first, ...speed]);
    expect(secured.lines.at(-1)).toMatchObject({ secure: "scbk" });
    const pulse = await run(["relay", "pulse", "--key-env", "UNIT_KEY", ...speed], { UNIT_KEY: key });
    expect(pulse.lines.at(-1)).toEqual({ output: 0, command: "pulse", outputs: [1] });

    const second = file("second");
    const changed = await run(["pair", "--key-file", first, "--new-key-file", second, ...speed]);
    expect(changed.lines.at(-1)).toMatchObject({ paired: true, before: "scbk" });
    expect((await run(["status", "--key-file", first, ...speed])).code).toBe(7);
    const next = readFileSync(second, "utf8").trim();

    const moved = await run(["comset", "--new-address", "5", "--new-baud", "38400", "--key-file", second, ...speed]);
    expect(moved.lines.at(-1)).toEqual({ address: 5, baud: 38_400, verified: true });
    const found = await run(["scan", "--bauds", "115200,38400", "--addresses", "0,5"]);
    // A pseudo-terminal carries every speed, so the unit is found at both.
    expect(found.lines.at(-1)?.["found"]).toContainEqual(
      expect.objectContaining({ address: 5, baud: 38_400, serialNumber: "01020304" }),
    );
    nowhere(key, next);
  });

  const ends: { name: string; sim: string[]; args: () => string[]; code: number }[] = [
    {
      name: "a wrong key",
      sim: ["--key-file"],
      args: () => ["relay", "pulse", "--key-file", file("k", "11".repeat(16))],
      code: 7,
    },
    { name: "no key for a keyed unit", sim: ["--key-file"], args: () => ["relay", "pulse"], code: 7 },
    {
      name: "pairing a unit with a foreign key",
      sim: ["--key-file"],
      args: () => ["pair", "--new-key-file", file("n")],
      code: 7,
    },
    {
      name: "a key for a unit without secure channel",
      sim: [],
      args: () => ["status", "--key-file", file("k", ownKey)],
      code: 9,
    },
    { name: "a new key file that exists", sim: [], args: () => ["pair", "--new-key-file", file("n", "x")], code: 2 },
  ];
  test.each(ends)("$name exits $code", async ({ sim: how, args, code }) => {
    await unit(...how.flatMap((option) => [option, file("unit", ownKey)]));
    const result = await run([...args(), ...speed]);
    expect(result.code, result.stdout + result.stderr).toBe(code);
    expect(result.lines.at(-1)).toHaveProperty("error");
    expect(sim?.lines.filter((line) => line["event"] === "output")).toEqual([]);
    nowhere(ownKey);
  });

  test("the second copy: sealed under a passphrase and taken back", async () => {
    const pass = { SEAL: "correct horse battery" };
    const sealed = file("sealed");
    const unitName = ["--unit", "0c1105-01020304", "--passphrase-env", "SEAL"];
    const out = await run(["keys", "export", sealed, "--key-file", file("k", ownKey), ...unitName], pass);
    expect(out.lines.at(-1)).toMatchObject({ exported: 1 });
    expect(
      (await run(["keys", "import", sealed, "--new-key-file", file("x"), ...unitName], { SEAL: "wrong horse" })).code,
    ).toBe(7);
    expect((await run(["keys", "import", sealed, "--new-key-file", file("back"), ...unitName], pass)).code).toBe(0);
    expect(readFileSync(file("back"), "utf8").trim()).toBe(ownKey);
    expect(readFileSync(sealed, "utf8")).not.toContain(ownKey);
    nowhere(ownKey, pass.SEAL);
  });

  test("killed in the middle: both keys are there, and one of them opens the unit", async () => {
    await unit("--install", "--key-file", file("unit"));
    const first = file("first");
    const running = await startCli(
      ["pair", "--new-key-file", first, "--port", pair.a, "--listen-ms", "50", "--json", ...speed],
      { dataDir: join(dir, "data") },
    );
    while (!running.lines.some(({ phase }) => phase === "keep")) await new Promise((resolve) => setTimeout(resolve, 1));
    await running.stop("SIGKILL");
    const withNew = await run(["status", "--key-file", first, ...speed]);
    const again = withNew.code === 0 ? withNew : await run(["pair", "--new-key-file", file("second"), ...speed]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
  });
});
