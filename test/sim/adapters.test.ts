import { describe, expect, test } from "vitest";
import { systemClock } from "../../src-main/lib/clock.ts";
import { fail } from "../../src-main/lib/errors.ts";
import {
  keyOfPath,
  labelAdapter,
  measuredAllowanceMs,
  refreshAdapters,
  watchAdapters,
} from "../../src-main/services/adapters.ts";
import { keepLatency } from "../../src-main/services/latency.ts";
import type { UsbWithoutPort } from "../../src-main/services/model/adapter.ts";
import type { ListedPort, PortSource } from "../../src-main/services/seams.ts";
import { settle } from "./harness.ts";
import { makeSeams } from "./world.ts";

const port = (part: Partial<ListedPort>): ListedPort => ({
  ...{ path: "/dev/ttyUSB0", vendorId: "1a86", productId: "7523", serialNumber: null, chip: "CH340", likely: true },
  ...{ key: "usb-place/1a86:7523/1-1:1.0", usbPlace: "1-1:1.0", aliases: [], ...part },
});
const nameless = port({});
const ftdi = port({
  ...{ path: "/dev/ttyUSB1", key: "usb-serial/0403:6001/A10K/0", vendorId: "0403", serialNumber: "A10K" },
  aliases: ["/dev/serial/by-id/usb-FTDI-A10K"],
});
const builtIn = port({ path: "/dev/ttyS0", key: "path//dev/ttyS0", vendorId: null, chip: null, likely: false });
const stray: UsbWithoutPort = {
  ...{ vendorId: "10c4", productId: "ea60", chip: "CP2102", usbPlace: "1-3", driver: "cp210x" },
  ...{ takenBy: null, oftenCloned: false },
};

/** A machine whose sockets the test plugs into. */
function machine(...ports: ListedPort[]) {
  const state = { ports, strays: [] as UsbWithoutPort[], lists: 0, watchers: 0, changed: (): void => undefined };
  const source: PortSource = {
    platform: "linux",
    list: () => {
      state.lists += 1;
      return Promise.resolve(state.ports);
    },
    withoutPort: () => Promise.resolve(state.strays),
    watch: (changed) => {
      state.watchers += 1;
      state.changed = changed;
      return () => {
        state.watchers -= 1;
      };
    },
    open: () => Promise.reject(fail("bad-input", "There is no port.", { field: "port" })),
  };
  const seams = makeSeams(systemClock, { ports: source });
  return {
    state,
    source,
    seams,
    shown: () => seams.hub.get("adapters").ports.map(({ label, looksLike }) => [label, looksLike]),
  };
}

describe("labels", () => {
  test("an adapter with its own serial number keeps its label, wherever it comes back", async () => {
    const { state, seams, shown } = machine(ftdi);
    await labelAdapter(seams, ftdi.key, " left ");
    state.ports = [];
    await refreshAdapters(seams);
    state.ports = [{ ...ftdi, path: "/dev/ttyUSB7", usbPlace: "2-4:1.0" }];
    await refreshAdapters(seams);
    expect(shown()).toEqual([["left", null]]);
  });

  test("without one it looks like the last one at that place, until a person confirms; never the same by itself", async () => {
    const { state, seams, shown } = machine(nameless);
    await labelAdapter(seams, nameless.key, "left");
    expect(shown()).toEqual([["left", null]]);
    await refreshAdapters(seams);
    expect(shown()).toEqual([["left", null]]);
    state.ports = [];
    await refreshAdapters(seams);
    state.ports = [nameless];
    await refreshAdapters(seams);
    expect(shown()).toEqual([[null, "left"]]);
    await refreshAdapters(seams);
    expect(shown()).toEqual([[null, "left"]]);
    await labelAdapter(seams, nameless.key, "left");
    expect(shown()).toEqual([["left", null]]);
    await labelAdapter(seams, nameless.key, "");
    expect(shown()).toEqual([[null, null]]);
  });

  test("at the next start it is only a likeness; a built-in port stays itself", async () => {
    const first = machine(nameless, builtIn);
    await labelAdapter(first.seams, nameless.key, "left");
    await labelAdapter(first.seams, builtIn.key, "rack");
    const next = makeSeams(systemClock, { ports: first.source, store: first.seams.store });
    const { ports } = await refreshAdapters(next);
    expect(ports.map(({ label, looksLike }) => [label, looksLike])).toEqual([
      [null, "left"],
      ["rack", null],
    ]);
  });
});

describe("the list keeps itself up to date", () => {
  test("after plugging in and out, until it is stopped", async () => {
    const { state, seams } = machine();
    const stop = watchAdapters(seams);
    let told = 0;
    seams.hub.onChange((topic) => (told += topic === "adapters" ? 1 : 0));
    state.ports = [ftdi];
    state.changed();
    await settle();
    expect(seams.hub.get("adapters").ports).toHaveLength(1);
    // News without a change is not told to the pages.
    state.changed();
    await settle();
    expect(told).toBe(1);
    stop();
    state.ports = [];
    state.changed();
    await settle();
    expect([seams.hub.get("adapters").ports.length, state.watchers]).toEqual([1, 0]);
  });

  test("a burst of news costs two looks, and none is lost", async () => {
    const { state, seams } = machine();
    const stop = watchAdapters(seams);
    state.changed();
    for (let i = 0; i < 50; i++) state.changed();
    state.ports = [ftdi];
    await settle();
    await settle();
    expect(state.lists).toBe(2);
    expect(seams.hub.get("adapters").ports).toHaveLength(1);
    stop();
  });

  test("says what to do when there is no adapter, and nothing when there is", async () => {
    const { state, seams } = machine(builtIn);
    expect((await refreshAdapters(seams)).verdict?.code).toBe("no-adapter");
    state.strays = [stray];
    const { verdict, withoutPort } = await refreshAdapters(seams);
    expect([verdict?.code, verdict?.commands, withoutPort?.length]).toEqual(["no-driver", ["sudo modprobe cp210x"], 1]);
    state.ports = [nameless];
    expect((await refreshAdapters(seams)).verdict).toBeNull();
  });

  test("a list that fails is part of the answer", async () => {
    const { seams, source } = machine();
    source.list = () => Promise.reject(fail("link-lost", "No list."));
    expect(await refreshAdapters(seams)).toMatchObject({ ports: [], error: { code: "link-lost" } });
  });
});

describe("the measured figure goes with the adapter", () => {
  test("found by its path, another name of it, or its gateway's address", async () => {
    const { seams } = machine(ftdi);
    const latency = { exchanges: 20, lost: 0, medianMs: 17, worstMs: 32, echoMs: null, measuredAt: "2026-01-01" };
    keepLatency(seams.store, ftdi.key, latency);
    keepLatency(seams.store, "tcp://10.0.0.5:4001", { ...latency, worstMs: 90 });
    expect(measuredAllowanceMs(seams, ftdi.path)).toBeNull();
    const { ports } = await refreshAdapters(seams);
    expect(ports[0]?.latencyMs).toBe(32);
    expect(measuredAllowanceMs(seams, ftdi.path)).toBe(64);
    expect(measuredAllowanceMs(seams, "/dev/serial/by-id/usb-FTDI-A10K")).toBe(64);
    expect(measuredAllowanceMs(seams, "tcp://10.0.0.5:4001")).toBe(180);
    expect(measuredAllowanceMs(seams, "/dev/ttyUSB9")).toBeNull();
    expect(keyOfPath(seams.hub.get("adapters"), "/dev/ttyUSB9")).toBeNull();
  });
});
