import { describe, expect, it } from "vitest";
import type { Direction } from "../../../../src-main/hosts/serial/direction.ts";
import type { BindingPort } from "../../../../src-main/hosts/serial/line-io.ts";
import { openSerialPort } from "../../../../src-main/hosts/serial/serial-port.ts";
import { silentLog } from "../../../../src-main/lib/log.ts";

/** A binding that writes down what is asked of it. */
function fakeBinding(set: BindingPort["set"] | null = () => Promise.resolve()) {
  const did: string[] = [];
  const note = (what: string): Promise<void> => {
    did.push(what);
    return Promise.resolve();
  };
  const port: BindingPort = {
    read: () => new Promise(() => undefined),
    write: (bytes) => note(`write ${String(bytes.length)}`),
    close: () => note("close"),
    drain: () => note("drain"),
    flush: () => note("flush"),
    update: () => note("update"),
    set: (lines) => note(`rts ${lines.rts ? "high" : "low"}, dtr ${String(lines.dtr)}`).then(() => set?.(lines)),
  };
  return { port, did };
}

async function sendOnce(direction: Direction | undefined, binding = fakeBinding(), baud = 115_200) {
  const open = () => Promise.resolve(binding.port);
  const port = await openSerialPort({ path: "x", baud, log: silentLog, direction, open });
  const since = performance.now();
  await port.write(Uint8Array.of(1, 2, 3));
  const tookMs = performance.now() - since;
  await port.close();
  return { did: binding.did, tookMs };
}

describe("the direction of the adapter", () => {
  const cases: { direction: Direction | undefined; did: string[] }[] = [
    { direction: undefined, did: ["write 3", "drain", "close"] },
    { direction: "auto", did: ["write 3", "drain", "close"] },
    {
      direction: "rts-high",
      did: ["rts low, dtr true", "rts high, dtr true", "write 3", "drain", "rts low, dtr true", "close"],
    },
    {
      direction: "rts-low",
      did: ["rts high, dtr true", "rts low, dtr true", "write 3", "drain", "rts high, dtr true", "close"],
    },
  ];
  it.each(cases)("$direction: off on open and while listening, on only while sending", async ({ direction, did }) => {
    expect((await sendOnce(direction)).did).toEqual(did);
  });

  it("stays on until the last bit is out, whatever the system says of its buffer", async () => {
    // 3 bytes at 1200 bit/s: 25 ms.
    expect((await sendOnce("rts-high", fakeBinding(), 1200)).tookMs).toBeGreaterThanOrEqual(25);
  });

  it("goes on over a port without modem lines", async () => {
    const binding = fakeBinding(() => Promise.reject(new Error("Inappropriate ioctl")));
    expect((await sendOnce("rts-high", binding)).did).toContain("write 3");
  });

  it("is off again after a write that failed", async () => {
    const binding = fakeBinding();
    binding.port.write = () => Promise.reject(new Error("gone"));
    const open = () => Promise.resolve(binding.port);
    const port = await openSerialPort({ path: "x", baud: 9600, log: silentLog, direction: "rts-high", open });
    await expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: "link-lost",
      data: { verdict: { code: "pulled" } },
    });
    expect(binding.did.filter((what) => what.startsWith("rts")).at(-1)).toBe("rts low, dtr true");
  });
});
