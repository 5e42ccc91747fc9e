import { expect, test } from "vitest";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { memorySecrets } from "../../src-main/records/secrets.ts";
import { createKeyRing } from "../../src-main/services/keys.ts";
import { createServices } from "../../src-main/services/services.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";
import { settle } from "./harness.ts";
import { makeSeams, portAt } from "./world.ts";

const key = Uint8Array.from({ length: 16 }, (_, i) => 0x11 + i);
const owner = { vendor: "0c1105", serialNumber: "01020304" };
const choice = { path: "cable", baud: 9600, address: 0, mode: "bench" as const, aloneConfirmed: false };

async function pageWith(unitKey: Uint8Array | null, kept: Uint8Array | null) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock });
  const unit = createSimSr01({ port: line.b, clock, ...(unitKey ? { key: unitKey } : {}) });
  const secrets = memorySecrets();
  if (kept)
    await createKeyRing(secrets).keep(owner, { key: kept.slice(), proven: true, before: null, secondCopy: true });
  const seams = makeSeams(clock, { secrets, ports: portAt(line.a) });
  const services = createServices(seams, { get: () => undefined, hold: () => () => undefined });
  await clock.run(services.jobs.ended(services.line.open(choice)));
  const job = await clock.run(services.jobs.ended(services.line.identify()));
  return { clock, services, unit, job, line: seams.hub.get("line") };
}

// What the page says of the link, by what the unit holds and what is kept for it.
const rows = [
  { name: "no key anywhere: in clear", unitKey: null, kept: null, state: "done", secure: "none" },
  { name: "the kept key fits: encrypted", unitKey: key, kept: key, state: "done", secure: "scbk" },
  {
    name: "another key: named as not ours",
    unitKey: key,
    kept: key.slice().reverse(),
    state: "failed",
    code: "device-auth",
  },
  {
    name: "a key is kept, the unit offers no encryption",
    unitKey: null,
    kept: key,
    state: "failed",
    code: "unsupported",
  },
];

test.each(rows)("a page's line: $name", async ({ unitKey, kept, state, secure, code }) => {
  const { job, line, services, clock } = await pageWith(unitKey, kept);
  expect(job.state).toBe(state);
  expect(line.identity?.secure).toBe(secure);
  expect(job.error?.code).toBe(code);
  await clock.run(services.close());
});

test("a pulse goes through the encrypted link and moves once", async () => {
  const { services, unit, clock } = await pageWith(key, key);
  services.safety.arm("page-0001");
  const press = { onceId: "0123456789abcdef", pageId: "page-0001", output: 0, seconds: 1 };
  const job = await clock.run(services.jobs.ended(services.outputs.pulse(press)));
  expect(job.state).toBe("done");
  expect(unit.state()).toMatchObject({ counts: { moves: 1 }, session: "scbk" });
  await clock.run(services.close());
});
