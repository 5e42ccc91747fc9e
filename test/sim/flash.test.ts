import { describe, expect, test } from "vitest";
import { flash, type FlashOrder } from "../../src-main/sr01/flash.ts";
import { buildImage, samplePayload, spoilImage } from "../../src-main/sr01/image.ts";
import { createOsdpSr01 } from "../../src-main/sr01/osdp-sr01.ts";
import type { UnitIdentity, WireProfile } from "../../src-main/sr01/profile.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeSim } from "./harness.ts";
import { codeOf, makeWorld, onceId } from "./world.ts";

const anyHardware = { from: 1, to: 9 };
const imageOf = (version: string, hardware = anyHardware) =>
  buildImage({ version, hardware, payload: samplePayload(version, 6000) });
const opaque = samplePayload("nobody knows", 3000);

function order(bench: ReturnType<typeof makeSim>, more: Partial<FlashOrder>): { work: FlashOrder; phases: string[] } {
  const phases: string[] = [];
  const profile = createOsdpSr01({ bus: bench.bus, address: 0, clock: bench.clock });
  const onProgress: FlashOrder["onProgress"] = ({ phase }) => {
    if (phases.at(-1) !== phase) phases.push(phase);
  };
  const image = { version: "1.4.0", hardware: anyHardware };
  return { phases, work: { profile, file: imageOf("1.4.0"), image, clock: bench.clock, onProgress, ...more } };
}

const unknown = { version: null, hardware: null };
const fragments = (bench: ReturnType<typeof makeSim>): number =>
  bench.said().filter((said) => said.startsWith("FILETRANSFER")).length;

describe("the end of a flash", () => {
  interface Row {
    name: string;
    faults?: Sr01Faults;
    more?: Partial<FlashOrder>;
    verified: boolean | null;
    after: string | null;
    code?: string;
    phases?: string[];
  }
  const rows: Row[] = [
    {
      name: "a good image",
      verified: true,
      after: "1.4.0",
      phases: ["check", "transfer", "finish", "reboot", "identify"],
    },
    {
      name: "an opaque file: sent, nothing to compare with",
      more: { file: opaque, image: unknown },
      verified: null,
      after: "1.2.3",
      phases: ["check", "transfer", "identify"],
    },
    {
      name: "an opaque file and a version that does not run",
      more: { file: opaque, image: unknown, expect: "9.9.9" },
      verified: false,
      after: "1.2.3",
      code: "not-verified",
    },
    {
      name: "an opaque file and the version that runs",
      more: { file: opaque, image: unknown, expect: "1.2.3" },
      verified: true,
      after: "1.2.3",
    },
    {
      name: "it takes everything and keeps the old version",
      faults: { keepsOldVersion: true },
      verified: false,
      after: "1.2.3",
      code: "not-verified",
    },
    { name: "it never comes back", faults: { neverReturns: true }, verified: false, after: null, code: "not-verified" },
    {
      name: "another unit comes back",
      faults: { otherSerialAfterReboot: "0a0b0c0d" },
      verified: false,
      after: "1.4.0",
      code: "not-verified",
    },
    { name: "it comes back late", faults: { rebootMs: 50_000 }, verified: true, after: "1.4.0" },
    { name: "it restarts twice more", faults: { rebootAgain: 2 }, verified: true, after: "1.4.0" },
    {
      name: "broken off by the unit",
      faults: { ftStatusAt: { offset: 3000, detail: -1 } },
      verified: false,
      after: "1.2.3",
      code: "device-refused",
    },
    {
      name: "mute in the middle",
      faults: { silentAfterBytes: 3000 },
      verified: false,
      after: null,
      code: "device-timeout",
    },
    {
      name: "0 at the end for ever",
      faults: { statusZeroOnLast: true },
      verified: false,
      after: "1.2.3",
      code: "protocol",
    },
    { name: "every third reply lost", faults: { dropEvery: 3 }, verified: true, after: "1.4.0" },
    {
      name: "a restart in the middle",
      faults: { restartAtBytes: 3000, rebootMs: 1500 },
      verified: true,
      after: "1.4.0",
    },
    // The image says 1.4.0, the bytes are those of a spoilt one: the unit's own check.
    {
      name: "a spoilt file that got as far as the unit",
      more: { file: spoilImage(imageOf("1.4.0"), "hash") },
      verified: false,
      after: "1.2.3",
      code: "device-refused",
    },
  ];
  test.each(rows)("$name", async ({ faults = {}, more = {}, verified, after, code, phases }) => {
    const bench = makeSim({ line: { baud: 38_400 }, sim: { faults } });
    const { work, phases: seen } = order(bench, more);
    const report = await bench.clock.run(flash(work));
    expect([report.verified, report.firmwareAfter, report.firmwareBefore]).toEqual([verified, after, "1.2.3"]);
    expect(report.error?.code).toBe(code);
    if (phases) expect(seen).toEqual(phases);
    expect(bench.sim.state().counts.moves).toBe(0);
    if (verified === true && code === undefined && Object.keys(faults).length === 0) {
      expect(report.efficiency).toBeGreaterThan(0.8);
      expect(report.efficiency).toBeLessThan(1);
    }
  });
});

describe("refused before a byte of the file is sent", () => {
  test.each([
    { name: "an older version", image: { version: "1.2.2", hardware: anyHardware }, field: "allow-downgrade" },
    { name: "another hardware", image: { version: "1.4.0", hardware: { from: 2, to: 9 } }, field: "file" },
    {
      name: "another version than expected",
      image: { version: "1.4.0", hardware: anyHardware },
      expectVersion: "1.5.0",
      field: "expect",
    },
  ])("$name", async ({ image, expectVersion, field }) => {
    const bench = makeSim();
    const { work } = order(bench, { image, expect: expectVersion });
    const { error } = await bench.end(flash(work));
    expect([error?.code, error?.field]).toEqual(["bad-input", field]);
    expect(fragments(bench)).toBe(0);
  });

  test("an older version that was typed out goes", async () => {
    const bench = makeSim({ line: { baud: 38_400 } });
    const { work } = order(bench, {
      file: imageOf("1.2.2"),
      image: { version: "1.2.2", hardware: anyHardware },
      allowDowngrade: "1.2.2",
    });
    expect((await bench.clock.run(flash(work))).verified).toBe(true);
  });

  test("nobody there", async () => {
    const bench = makeSim();
    bench.sim.unplug();
    expect((await bench.end(flash(order(bench, {}).work))).error?.code).toBe("device-timeout");
    expect(fragments(bench)).toBe(0);
  });
});

test("a unit that says 'rebooting' and answers once more before it goes is not called unchanged", async () => {
  const bench = makeSim();
  const unit: UnitIdentity = {
    ...{ address: 0, baud: 9600, vendor: "0c1105", model: 1, hardwareVersion: 1, serialNumber: "01020304" },
    ...{ firmwareVersion: "1.2.3", capabilities: [], secure: "none" },
  };
  let asked = 0;
  const profile = {
    identify: () => Promise.resolve({ ...unit, firmwareVersion: ++asked <= 3 ? "1.2.3" : "1.4.0" }),
    sendFirmware: () => Promise.resolve({ outcome: "rebooting", seconds: 1, fragmentBytes: 100 }),
  } as unknown as WireProfile;
  const report = await bench.clock.run(flash(order(bench, { profile }).work));
  expect([report.verified, asked]).toEqual([true, 4]);
});

describe("flashing as a job", () => {
  async function ready() {
    const world = makeWorld({ baud: 38_400 });
    await world.open();
    const add = (bytes: Uint8Array, name = "unit.rom") => world.files.add("rom", name, bytes).id;
    return {
      ...world,
      add,
      start: (fileId: string, more = {}) => world.services.flash.start({ onceId: onceId(), fileId, ...more }),
    };
  }

  test("a good image: phases, figures, the record; the line is shown as in use", async () => {
    const world = await ready();
    const id = world.start(world.add(imageOf("1.4.0")));
    await world.clock.advance(1000);
    expect(world.hub.get("line").exclusive).toBe("flash");
    const end = await world.run(id);
    expect(end).toMatchObject({
      state: "done",
      result: { flash: { verified: true, firmwareAfter: "1.4.0", fileBytes: 6064 } },
    });
    expect(end.about).toMatchObject({ file: "unit.rom", version: "1.4.0", unit: "01020304", firmwareBefore: "1.2.3" });
    expect(world.hub.get("line")).toMatchObject({ exclusive: null, identity: { firmwareVersion: "1.4.0" } });
  });

  test.each(["hash", "length"] as const)("a spoilt one (%s) is refused and nothing is sent", async (kind) => {
    const world = await ready();
    const id = world.add(spoilImage(imageOf("1.4.0"), kind));
    expect(world.services.flash.check(id).problems).not.toEqual([]);
    expect(codeOf(() => world.start(id))).toBe("bad-input");
    expect(world.sentBytes()).toBe(0);
  });

  test("an unknown file only on the bench, and only after typing its name", async () => {
    const world = await ready();
    const id = world.add(opaque, "x.rom");
    expect(codeOf(() => world.start(id))).toBe("bad-input");
    expect(codeOf(() => world.start(id, { allowUnknown: "y.rom" }))).toBe("bad-input");
    expect(await world.run(world.start(id, { allowUnknown: "x.rom" }))).toMatchObject({
      state: "done",
      result: { flash: { verified: null } },
    });
    await world.open({ mode: "alone", aloneConfirmed: true });
    expect(codeOf(() => world.start(id, { allowUnknown: "x.rom" }))).toBe("bad-input");
  });

  test("cancelled in the middle: the unit keeps its version; afterwards it is too late", async () => {
    const world = await ready();
    const first = world.start(world.add(imageOf("1.4.0")));
    await world.clock.advance(800);
    world.services.jobs.cancel(first);
    expect(await world.run(first)).toMatchObject({
      state: "cancelled",
      result: { flash: { verified: false, firmwareAfter: "1.2.3" } },
    });
    const second = world.start(world.add(imageOf("1.4.0")));
    while (world.services.jobs.get(second).progress?.phase !== "reboot") await world.clock.advance(100);
    expect(
      codeOf(() => {
        world.services.jobs.cancel(second);
      }),
    ).toBe("busy");
    expect((await world.run(second)).state).toBe("done");
  });

  test("the cable is pulled: link-lost, what was known is kept, the port is free again", async () => {
    const world = await ready();
    const id = world.start(world.add(imageOf("1.4.0")));
    await world.clock.advance(1000);
    world.ports.opened.at(-1)?.hangUp();
    expect(await world.run(id)).toMatchObject({
      ...{ state: "failed", error: { code: "link-lost" } },
      result: { flash: { verified: false, firmwareBefore: "1.2.3", firmwareAfter: null } },
    });
    expect(await world.run(world.start(world.add(imageOf("1.4.0"))))).toMatchObject({ state: "done" });
  });

  test("the same press twice flashes once", async () => {
    const world = await ready();
    const fileId = world.add(imageOf("1.4.0"));
    const press = onceId();
    const start = () => world.services.flash.start({ onceId: press, fileId });
    expect(start()).toBe(start());
    await world.clock.run(world.services.close());
  });
});
