import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { sleep, systemClock } from "../../src-main/lib/clock.ts";
import { memorySecrets } from "../../src-main/records/secrets.ts";
import { canary, makeCli, noStore, ownKey } from "./keys-cli.ts";

const at = "--port X --baud 115200 --listen-ms 20";
const pass = { PASS: "correct horse battery" };
let cli = makeCli();

/** No key is in anything that a person or a file got, nor on the line in clear. */
afterEach(() => {
  const all = [...cli.dump, ...cli.sent].join("\n").toLowerCase();
  for (const secret of [canary, ownKey, pass.PASS]) expect(all).not.toContain(secret);
});

const withFile = (name: string, text: string, mode = 0o600): string => {
  const path = cli.file(name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};

describe("which key a device command uses", () => {
  test("none known: in clear, with a warning", async () => {
    cli = makeCli();
    const { last, notes, code } = await cli.run(`identify ${at}`);
    expect(last).toMatchObject({ serialNumber: "01020304", secure: "none" });
    expect(code).toBe(0);
    expect(notes).toContain("link not encrypted");
    expect(notes).not.toContain("factory key");
  });

  test("none known and no key store: the warning says so", async () => {
    cli = makeCli({}, noStore);
    expect((await cli.run(`status ${at}`)).notes).toContain("key store of this computer cannot be used");
  });

  test("a unit on the factory key is loudly told, with --plain too", async () => {
    cli = makeCli({ install: true });
    expect((await cli.run(`identify ${at}`)).notes).toContain("on the factory key");
    const plain = await cli.run(`identify --plain ${at}`);
    expect(plain.notes).toContain("on the factory key");
    expect(plain.notes).not.toContain("link not encrypted");
    expect(plain.last["secure"]).toBe("none");
  });

  test.each([
    ["--key-file", "F", {}],
    ["--key-env", "KEY", { KEY: ` ${ownKey.toUpperCase()}\n` }],
  ])("%s", async (option, value, env) => {
    cli = makeCli({ key: fromHex(ownKey) });
    const given = option === "--key-file" ? withFile("key", `${ownKey}\n`) : value;
    const { last, notes } = await cli.run(`identify ${option} ${given} ${at}`, env);
    expect(last["secure"]).toBe("scbk");
    expect(notes).toBe("");
    expect((await cli.run(`relay pulse ${option} ${given} ${at}`, env)).last).toMatchObject({ outputs: [1] });
  });

  test.skipIf(process.platform === "win32").each([0o644, 0o640, 0o620])("a key file of mode %o warns", async (mode) => {
    cli = makeCli({ key: fromHex(ownKey) });
    const { notes, code } = await cli.run(`identify --key-file ${withFile("key", ownKey, mode)} ${at}`);
    expect(notes).toContain("other users");
    expect(code).toBe(0);
  });

  const wrong: { name: string; args: () => string; env?: Record<string, string>; field: string }[] = [
    { name: "no such file", args: () => `--key-file ${cli.file("absent")}`, field: "key-file" },
    { name: "a key typed as file name", args: () => `--key-file ${canary}`, field: "key-file" },
    { name: "a key typed as variable name", args: () => `--key-env ${canary}`, field: "key-env" },
    { name: "a folder", args: () => `--key-file ${cli.dir}`, field: "key-file" },
    { name: "30 digits", args: () => `--key-file ${withFile("k", ownKey.slice(2))}`, field: "key-file" },
    { name: "a long file", args: () => `--key-file ${withFile("k", "00".repeat(5000))}`, field: "key-file" },
    { name: "no digits", args: () => "--key-env KEY", env: { KEY: `${canary}zz` }, field: "key-env" },
    { name: "both", args: () => `--key-file ${withFile("k", ownKey)} --key-env KEY`, field: "key-env" },
  ];
  test.each(wrong)("bad-input, nothing sent: $name", async ({ args, env, field }) => {
    cli = makeCli({ key: fromHex(ownKey) });
    const { error } = await cli.run(`identify ${args()} ${at}`, env);
    expect(error).toMatchObject({ code: "bad-input", field });
    expect(cli.sent).toEqual([]);
  });

  test.each(["identify", "status", "relay pulse", "relay off"])(
    "%s: a wrong key exits 7, nothing moves",
    async (verb) => {
      cli = makeCli({ key: fromHex(ownKey) });
      const { code } = await cli.run(`${verb} --key-file ${withFile("k", "11".repeat(16))} ${at}`);
      expect(code).toBe(7);
      expect(cli.unit.state().counts.moves).toBe(0);
    },
  );

  test("a key for a unit on the factory key exits 7: no fall-back", async () => {
    cli = makeCli({ install: true });
    expect((await cli.run(`status --key-file ${withFile("k", ownKey)} ${at}`)).code).toBe(7);
  });

  test("a key for a unit without secure channel exits 9", async () => {
    cli = makeCli();
    expect((await cli.run(`status --key-file ${withFile("k", ownKey)} ${at}`)).code).toBe(9);
  });

  test("a unit with a foreign key is named and not driven", async () => {
    cli = makeCli({ key: fromHex(ownKey) });
    expect((await cli.run(`identify ${at}`)).last).toMatchObject({ serialNumber: "01020304", secure: "none" });
    const { code, error } = await cli.run(`relay pulse ${at}`);
    expect(code).toBe(7);
    expect(error?.message).not.toMatch(/factory/i);
  });
});

describe("pair, end to end", () => {
  test("with a key store: kept before it is sent, used afterwards, finished by a second copy", async () => {
    cli = makeCli({ install: true });
    const paired = await cli.run(`pair --new-key-file ${cli.file("new")} ${at}`);
    expect(paired.last).toEqual({
      ...{ serialNumber: "01020304", vendor: "0c1105", before: "scbk-d", paired: true, secure: "scbk" },
      ...{ keyStored: ["file", "key-store"], secondCopy: false },
    });
    expect(paired.notes).toContain("second copy");
    expect(readFileSync(cli.file("new"), "utf8")).toBe(`${canary}\n`);
    if (process.platform !== "win32") expect(statSync(cli.file("new")).mode & 0o777).toBe(0o600);

    const kept = await cli.run(`identify ${at}`);
    expect(kept.last["secure"]).toBe("scbk");
    expect(kept.notes).toContain("second copy");
    expect((await cli.run("keys list")).last).toEqual({
      keys: [{ vendor: "0c1105", serialNumber: "01020304", proven: true, secondCopy: false }],
    });

    const sealed = cli.file("sealed");
    expect((await cli.run(`keys export ${sealed} --passphrase-env PASS`, pass)).last).toEqual({
      exported: 1,
      units: [{ vendor: "0c1105", serialNumber: "01020304" }],
    });
    expect(readFileSync(sealed, "utf8").toLowerCase()).not.toContain(canary);
    expect((await cli.run(`identify ${at}`)).notes).toBe("");

    // On another computer, with another key store.
    const here = cli;
    cli = makeCli({ key: fromHex(canary) });
    const wrongPass = await cli.run(`keys import ${sealed} --passphrase-env PASS`, { PASS: "wrong horse" });
    expect(wrongPass.code).toBe(7);
    expect((await cli.run(`keys import ${sealed} --passphrase-env PASS`, pass)).last).toMatchObject({
      imported: 1,
      keyStored: ["key-store"],
    });
    expect((await cli.run(`identify ${at}`)).last["secure"]).toBe("scbk");
    cli.dump.push(...here.dump, ...here.sent);
  });

  test("without key store: the file is needed, before anything is sent", async () => {
    cli = makeCli({ install: true }, noStore);
    expect((await cli.run(`pair ${at}`)).error).toMatchObject({ code: "bad-input", field: "new-key-file" });
    expect(cli.sent).toEqual([]);
    const file = cli.file("new");
    expect((await cli.run(`pair --new-key-file ${file} ${at}`)).last).toMatchObject({
      paired: true,
      keyStored: ["file"],
    });
    expect((await cli.run(`status --key-file ${file} ${at}`)).code).toBe(0);
    // Second copy and back, all in files.
    const unit = "--unit 0c1105-01020304";
    const sealed = cli.file("sealed");
    await cli.run(`keys export ${sealed} --key-file ${file} ${unit} --passphrase-env PASS`, pass);
    const back = cli.file("back");
    expect((await cli.run(`keys import ${sealed} --passphrase-env PASS --new-key-file ${back}`, pass)).code).toBe(0);
    expect(readFileSync(back, "utf8")).toBe(readFileSync(file, "utf8"));
  });

  test("a file that is there already is not touched, nothing is sent", async () => {
    cli = makeCli({ install: true });
    const { error } = await cli.run(`pair --new-key-file ${withFile("new", "precious")} ${at}`);
    expect(error).toMatchObject({ code: "bad-input", field: "new-key-file" });
    expect(readFileSync(cli.file("new"), "utf8")).toBe("precious");
    expect(cli.sent).toEqual([]);
  });

  test("a folder that is not there: the key is not sent", async () => {
    cli = makeCli({ install: true });
    const { error } = await cli.run(`pair --new-key-file ${cli.file("no/new")} ${at}`);
    expect(error).toMatchObject({ code: "bad-input", field: "new-key-file" });
    expect((await cli.run("keys list")).last).toEqual({ keys: [] });
  });

  test("a key store that says yes and keeps nothing: refused before KEYSET", async () => {
    const lying = { ...memorySecrets(), set: () => Promise.resolve(false) };
    cli = makeCli({ install: true }, lying);
    expect((await cli.run(`pair ${at}`)).error).toMatchObject({ code: "bad-input", field: "new-key-file" });
    expect((await cli.run(`identify ${at}`)).notes).toContain("on the factory key");
  });

  test("key change with the kept key; the one before it no longer opens the unit", async () => {
    cli = makeCli({ install: true });
    const next = "5eed5eed5eed5eed5eed5eed5eed5eed";
    await cli.run(`pair --new-key-file ${cli.file("one")} ${at}`);
    cli.bench.newKeys = [next];
    expect((await cli.run(`pair --new-key-file ${cli.file("two")} ${at}`)).last).toMatchObject({
      paired: true,
      before: "scbk",
    });
    expect((await cli.run(`status ${at}`)).code).toBe(0);
    expect((await cli.run(`status --key-file ${cli.file("one")} ${at}`)).code).toBe(7);
    expect((await cli.run(`status --key-file ${cli.file("two")} ${at}`)).code).toBe(0);
    expect(cli.dump.join()).not.toContain(next);
  });

  test("the unit keeps the factory key: told, the kept key is taken back, pairing again works", async () => {
    cli = makeCli({ install: true, faults: { keysetAckThenKeepsOldKey: true } });
    const failed = await cli.run(`pair ${at}`);
    expect(failed.code).toBe(10);
    expect(failed.last).toMatchObject({ paired: false, works: "old", error: { code: "not-verified" } });
    expect(failed.notes).toContain("on the factory key");
    expect((await cli.run("keys list")).last).toEqual({ keys: [] });
    cli.unit.setFaults({});
    expect((await cli.run(`pair ${at}`)).last).toMatchObject({ paired: true });
  });

  test("neither key could be proven: both stay, and the next command finds the right one", async () => {
    cli = makeCli({ install: true });
    cli.unit.onEvent((event) => {
      if (event.event === "keyset") cli.bench.port?.hangUp();
    });
    const failed = await cli.run(`pair --new-key-file ${cli.file("new")} ${at}`);
    expect(failed.last).toMatchObject({ paired: false, works: null, keyStored: ["file", "key-store"] });
    expect(failed.error?.message).toContain("both");
    expect((await cli.run("keys list")).last).toMatchObject({ keys: [{ proven: false }] });
    // The unit's ACK is still on the line: the next command must not take it for another master.
    await sleep(systemClock, 50);
    expect((await cli.run(`status ${at}`)).code).toBe(0);
    expect((await cli.run("keys list")).last).toMatchObject({ keys: [{ proven: true }] });
  });

  test("killed between keeping and KEYSET: the unproven key does not hinder pairing again", async () => {
    cli = makeCli({ install: true });
    // What such a run leaves behind.
    const left = { version: 1, key: ownKey, proven: false, before: "factory", secondCopy: false };
    await cli.secrets.set("sr01/key/0c1105-01020304", JSON.stringify(left));
    await cli.secrets.set("sr01/keys/0", "0c1105-01020304");
    expect((await cli.run(`status ${at}`)).code).toBe(7);
    expect((await cli.run(`pair ${at}`)).last).toMatchObject({ paired: true, before: "scbk-d" });
    expect((await cli.run(`status ${at}`)).code).toBe(0);
  });

  test("a kept key that cannot be read is no reason to go in clear", async () => {
    cli = makeCli();
    await cli.secrets.set("sr01/key/0c1105-01020304", `{"version":1,"key":"${canary}"`);
    expect((await cli.run(`relay pulse ${at}`)).code).toBe(7);
    expect(cli.unit.state().counts.moves).toBe(0);
  });

  test("unpair hands the unit to its next owner's key; OSDP has no other way", async () => {
    cli = makeCli({ install: true });
    expect((await cli.run(`unpair ${at}`)).code).toBe(9);
    const next = withFile("next", ownKey);
    expect((await cli.run(`unpair --to-key-file ${next} ${at}`)).code).toBe(7);
    await cli.run(`pair ${at}`);
    expect((await cli.run(`unpair --to-key-file ${next} ${at}`)).last).toMatchObject({
      paired: true,
      keyStored: ["file"],
    });
    expect((await cli.run("keys list")).last).toEqual({ keys: [] });
    expect((await cli.run(`status --key-file ${next} ${at}`)).code).toBe(0);
  });

  test.each(["pair", "comset --new-address 3", "scan --bauds 115200 --addresses 0-2"])(
    "at a door %s wants the door's name",
    async (verb) => {
      cli = makeCli({ install: true });
      const where = "--port X --listen-ms 20 --line alone";
      const speed = verb.startsWith("scan") ? "" : " --baud 115200";
      expect((await cli.run(`${verb} ${where}${speed}`)).error).toMatchObject({ code: "bad-input", field: "door" });
      expect(cli.sent).toEqual([]);
      expect((await cli.run(`${verb} ${where}${speed} --door Front`)).code).toBe(0);
    },
  );

  test("pair --plain is a slip", async () => {
    cli = makeCli({ install: true });
    expect((await cli.run(`pair --plain ${at}`)).error).toMatchObject({ code: "bad-input", field: "plain" });
  });
});

describe("another unit in the place of ours", () => {
  test("is told and not driven", async () => {
    cli = makeCli({ key: fromHex(ownKey), faults: { otherSerialAfterReboot: "0a0b0c0d" } });
    const key = withFile("k", ownKey);
    cli.unit.unplug();
    cli.clock.after(60, () => {
      cli.unit.plugIn();
    });
    // Same key in both: only the serial number tells them apart.
    expect((await cli.run(`identify --key-file ${key} ${at}`)).last["serialNumber"]).toBe("0a0b0c0d");
  });
});

describe("comset and scan as verbs", () => {
  test("comset ends with where the unit is", async () => {
    cli = makeCli({ key: fromHex(ownKey) });
    const key = withFile("k", ownKey);
    const moved = await cli.run(`comset --new-address 7 --new-baud 9600 --key-file ${key} ${at}`);
    expect(moved.last).toEqual({ address: 7, baud: 9600, verified: true });
    const there = "--port X --baud 9600 --address 7 --listen-ms 20";
    expect((await cli.run(`status --key-file ${key} ${there}`)).code).toBe(0);
  });

  test.each([
    ["--new-baud 300", "new-baud"],
    ["--new-address 127", "new-address"],
    ["", "new-address"],
  ])("comset %s is bad-input", async (more, field) => {
    cli = makeCli();
    expect((await cli.run(`comset ${more} ${at}`.replace("  ", " "))).error).toMatchObject({
      code: "bad-input",
      field,
    });
    expect(cli.sent).toEqual([]);
  });

  test("scan prints progress and what it found", async () => {
    cli = makeCli({ address: 12, key: fromHex(ownKey) });
    const { lines, last } = await cli.run("scan --port X --listen-ms 20 --bauds 9600,115200 --addresses 9,12");
    expect(lines[0]).toEqual({ phase: "scan", baud: 9600, address: 9 });
    expect(last).toEqual({
      found: [
        {
          ...{ address: 12, baud: 115_200, vendor: "0c1105", model: 1 },
          ...{ serialNumber: "01020304", firmwareVersion: "1.2.3" },
        },
      ],
    });
  });

  test.each(["--bauds x", "--addresses 0-127", "--addresses 5-1", "--bauds 9600,,"])(
    "scan %s is bad-input",
    async (more) => {
      cli = makeCli();
      expect((await cli.run(`scan --port X ${more}`)).error?.code).toBe("bad-input");
    },
  );

  test("nothing of a failed run stays behind", () => {
    expect(existsSync(cli.file("new"))).toBe(false);
  });
});
