import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { watchPorts, type WatchSources } from "../../../../src-main/hosts/serial/watch-ports.ts";

/** A system whose ports and news the test makes. */
function fakeSystem(withEvents: boolean) {
  const system = { ports: "ttyS0", looks: 0, changes: 0, left: 0, news: (): void => undefined, fails: false };
  const sources: WatchSources = {
    signature: () => {
      system.looks += 1;
      return system.fails ? Promise.reject(new Error("no list")) : Promise.resolve(system.ports);
    },
    usbEvents: (changed) => {
      if (!withEvents) return Promise.resolve(null);
      system.news = changed;
      return Promise.resolve(() => {
        system.left += 1;
      });
    },
    everyMs: 20,
    afterNewsMs: [0, 30],
  };
  const stop = watchPorts(() => {
    system.changes += 1;
  }, sources);
  return { system, stop };
}

describe("watching the ports", () => {
  it("tells each change once where the system has no news of its own", async () => {
    const { system, stop } = fakeSystem(false);
    await pause(60);
    expect(system.changes).toBe(0);
    system.ports = "ttyS0 ttyUSB0";
    await pause(60);
    expect(system.changes).toBe(1);
    system.ports = "ttyS0";
    await pause(60);
    expect(system.changes).toBe(2);
    stop();
    const { looks } = system;
    system.ports = "ttyS0 ttyUSB1";
    await pause(60);
    expect(system).toMatchObject({ changes: 2, looks });
  });

  it("tells at once what the system tells, and again when the port had time to appear; leaves the system at the end", async () => {
    const { system, stop } = fakeSystem(true);
    await pause(5);
    system.news();
    await pause(10);
    expect(system.changes).toBe(1);
    await pause(40);
    expect(system.changes).toBe(2);
    system.news();
    stop();
    await pause(40);
    expect(system).toMatchObject({ changes: 2, left: 1 });
  });

  it("goes on after a list that failed", async () => {
    const { system, stop } = fakeSystem(false);
    await pause(30);
    system.fails = true;
    await pause(30);
    system.fails = false;
    system.ports = "ttyUSB0";
    await pause(60);
    expect(system.changes).toBe(1);
    stop();
  });

  it("costs next to nothing on this machine, and keeps no process alive", async () => {
    const stop = watchPorts(() => undefined);
    await pause(500);
    const cpu = process.cpuUsage();
    await pause(2000);
    const { user, system } = process.cpuUsage(cpu);
    stop();
    expect((user + system) / 1000, "CPU milliseconds in 2 s").toBeLessThan(100);
  });
});
