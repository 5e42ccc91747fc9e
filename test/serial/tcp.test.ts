import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src-main/lib/clock.ts";
import { portPair } from "../../src-main/lib/port.ts";
import { createSimSr01, type SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { cleanUp, errorOf, folder, image, line } from "./bench.ts";
import { runCli, startCli } from "./harness.ts";

const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await cleanUp();
});

/** A gateway with a simulated SR01 on its RS485 side: raw bytes between one TCP connection and the line. */
async function gateway(faults: SimSr01Options["faults"] = { rebootMs: 300 }) {
  const [near, far] = portPair("gateway", "sr01", 115_200);
  const unit = createSimSr01({ port: far, clock: systemClock, ...(faults ? { faults } : {}) });
  const outputs: boolean[] = [];
  unit.onEvent((event) => {
    if (event.event === "output") outputs.push(event.on);
  });
  const sockets = new Set<Socket>();
  near.onData((bytes) => {
    for (const socket of sockets) socket.write(bytes);
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => void near.write(Uint8Array.from(chunk)));
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  ends.push(() => {
    drop();
    server.close();
    unit.close();
  });
  const path = `tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { path, drop, outputs, at: ["--port", path, "--baud", "115200", "--listen-ms", "50", "--json"] };
}

describe("an SR01 behind a TCP gateway", () => {
  test("is identified and pulsed", async () => {
    const { at, outputs } = await gateway();
    const identified = await runCli(["identify", ...at]);
    expect([identified.code, identified.lines[0]?.["firmwareVersion"]]).toEqual([0, "1.2.3"]);
    const pulsed = await runCli(["relay", "pulse", "--seconds", "0.3", ...at]);
    expect([pulsed.code, outputs[0]]).toEqual([0, true]);
  });

  test("is flashed and verified", async () => {
    const { at } = await gateway();
    const { code, lines } = await runCli(["flash", await image("1.3.0", 16_384), ...at]);
    expect([code, lines.at(-1)]).toEqual([0, expect.objectContaining({ firmwareAfter: "1.3.0", verified: true })]);
  });

  test("has its turn-around measured, and the figure kept with the gateway", async () => {
    const { at, path } = await gateway();
    const dataDir = folder();
    const { code, lines } = await runCli(["doctor", ...at], { dataDir });
    expect(code).toBe(0);
    expect(lines[0]?.["port"]).toMatchObject({
      path,
      verdict: { code: "ready" },
      latency: { lost: 0 },
      latencyKept: true,
    });
    expect((await runCli(["identify", ...at], { dataDir })).code).toBe(0);
  });

  test("is lost in the middle of a flash: said, and the next command works", async () => {
    const { at, drop } = await gateway({ rebootMs: 300, ftDelayMs: 30 });
    const running = await startCli(["flash", await image("1.3.0", 65_536), ...at]);
    await line(running, (one) => (one["sentBytes"] as number) > 1000, "the transfer");
    const since = performance.now();
    drop();
    const { code, lines } = await running.ended;
    expect(performance.now() - since).toBeLessThan(2000);
    expect([code, errorOf(lines)?.["code"]]).toEqual([4, "link-lost"]);
    expect((await runCli(["identify", ...at])).code).toBe(0);
  });

  test("keeps its own speed: another one is refused before anything is asked at it", async () => {
    const { path } = await gateway();
    const scan = ["scan", "--port", path, "--bauds", "115200,9600", "--address", "0", "--listen-ms", "50", "--json"];
    const { code, lines } = await runCli(scan);
    expect([code, errorOf(lines)?.["code"]]).toEqual([9, "unsupported"]);
    expect(lines.at(-1)?.["found"]).toHaveLength(1);
  });

  test("cannot be reached: unreachable, within the budget", async () => {
    const { at, path } = await gateway();
    for (const end of ends.splice(0)) end();
    const { code, lines } = await runCli(["identify", ...at]);
    expect([code, errorOf(lines)]).toEqual([
      4,
      expect.objectContaining({
        message: expect.stringContaining(`${path} cannot be reached (ECONNREFUSED)`) as string,
      }),
    ]);
  });

  test("switches its own transmitter, and is typed in full", async () => {
    const { at } = await gateway();
    const direction = await runCli(["identify", ...at, "--direction", "rts-high"]);
    expect([direction.code, errorOf(direction.lines)?.["field"]]).toEqual([9, "direction"]);
    const half = await runCli(["identify", "--port", "tcp://10.0.0.5", "--json"]);
    expect([half.code, errorOf(half.lines)?.["field"]]).toEqual([2, "port"]);
  });
});
