import { once } from "node:events";
import { createServer, Socket, type AddressInfo, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isGatewayPath, parseGatewayPath } from "../../../../src-main/hosts/tcp/gateway-address.ts";
import { keepAliveMs, openTcpPort, type OpenTcpPort } from "../../../../src-main/hosts/tcp/tcp-port.ts";
import { silentLog } from "../../../../src-main/lib/log.ts";
import type { Port } from "../../../../src-main/lib/port.ts";

let server: Server;
let path = "";
const peers: Socket[] = [];
const ports: Port[] = [];

beforeEach(async () => {
  server = createServer((peer) => {
    peer.on("error", () => undefined);
    peers.push(peer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  path = `tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterEach(async () => {
  await Promise.all(ports.splice(0).map((port) => port.close()));
  for (const peer of peers.splice(0)) peer.destroy();
  server.close();
});

async function open(more: Partial<OpenTcpPort> = {}): Promise<Port> {
  const port = await openTcpPort({ path, baud: 9600, log: silentLog, ...more });
  ports.push(port);
  for (let i = 0; i < 50 && peers.length === 0; i++) await pause(2);
  return port;
}

describe("what is typed for a gateway", () => {
  it.each([
    ["tcp://192.168.1.50:4001", { host: "192.168.1.50", port: 4001 }],
    ["TCP://gw-1.site:23/", { host: "gw-1.site", port: 23 }],
    ["tcp://[fd00::5]:4001", { host: "fd00::5", port: 4001 }],
  ])("%s", (typed, address) => {
    expect(isGatewayPath(typed)).toBe(true);
    expect(parseGatewayPath(typed)).toEqual(address);
  });

  it.each([
    "tcp:4001",
    "tcp://host",
    "tcp://host:0",
    "tcp://host:65536",
    "tcp://a b:1",
    "tcp://u:p@h:1",
    "tcp://:1",
    "tcp://h:1/x",
  ])("%s is bad input", (typed) => {
    expect(() => parseGatewayPath(typed)).toThrow(/tcp:\/\/ADDRESS:PORT/);
  });

  it("is no gateway: a device", () => {
    expect(isGatewayPath("/dev/ttyUSB0")).toBe(false);
  });
});

describe("a raw TCP gateway", () => {
  it("carries bytes both ways, and closes without an error", async () => {
    const port = await open();
    const heard: number[] = [];
    const ends: unknown[] = [];
    port.onData((chunk) => heard.push(...chunk));
    port.onClose((error) => ends.push(error ?? null));
    const got = once(peers[0] as Socket, "data");
    await port.write(Uint8Array.of(1, 2, 3));
    expect([...((await got)[0] as Buffer)]).toEqual([1, 2, 3]);
    peers[0]?.write(Uint8Array.of(9, 8));
    for (let i = 0; i < 100 && heard.length < 2; i++) await pause(2);
    expect(heard).toEqual([9, 8]);
    await port.close();
    await port.close();
    expect(ends).toEqual([null]);
    await expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "link-lost" });
  });

  it("has its speed set elsewhere", async () => {
    const port = await open();
    await expect(port.setBaud(9600)).resolves.toBeUndefined();
    await expect(port.setBaud(19200)).rejects.toMatchObject({ code: "unsupported", field: "baud" });
    expect(port.baud).toBe(9600);
  });

  it.each([
    ["ends the connection", (peer: Socket) => peer.end()],
    ["resets it", (peer: Socket) => peer.resetAndDestroy()],
  ])("is lost when it %s: once, with the verdict", async (_name, act) => {
    const port = await open();
    const ends: unknown[] = [];
    port.onClose((error) => ends.push(error));
    act(peers[0] as Socket);
    for (let i = 0; i < 200 && ends.length === 0; i++) await pause(2);
    await pause(20);
    expect(ends).toMatchObject([{ code: "link-lost", data: { verdict: { code: "gateway-unreachable" } } }]);
    await expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "link-lost" });
  });

  it("is lost when it takes no more bytes within the budget", async () => {
    const port = await open({ writeMs: 50 });
    peers[0]?.pause();
    let failed: unknown;
    for (let i = 0; i < 2000 && !failed; i++) {
      await port.write(new Uint8Array(64 * 1024)).catch((error: unknown) => (failed = error));
    }
    expect(failed).toMatchObject({ code: "link-lost" });
  });

  it("ends a waiting write at once when it is closed", async () => {
    const port = await open();
    peers[0]?.pause();
    const writes = Array.from({ length: 400 }, () =>
      port.write(new Uint8Array(64 * 1024)).catch((error: unknown) => error),
    );
    await pause(50);
    await port.close();
    expect((await Promise.all(writes)).at(-1)).toMatchObject({ code: "link-lost" });
  });

  it("is refused: unreachable, in words", async () => {
    server.close();
    await expect(open()).rejects.toMatchObject({
      code: "link-lost",
      data: { reason: "gateway-unreachable", verdict: { message: expect.stringContaining("ECONNREFUSED") as string } },
    });
  });

  it("does not answer: given up within the budget; stopped: at once; nothing is left open", async () => {
    const silent: Socket[] = [];
    const connectTo = (): Socket => {
      const socket = new Socket();
      silent.push(socket);
      return socket;
    };
    await expect(open({ connectTo, connectMs: 30 })).rejects.toMatchObject({ code: "link-lost" });
    const stop = new AbortController();
    const opening = open({ connectTo, signal: stop.signal });
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: "cancelled" });
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    expect(silent.map((socket) => socket.destroyed)).toEqual([true, true]);
  });

  it("is probed while quiet, so that a half-open connection is noticed", async () => {
    const probes: unknown[] = [];
    let made: Socket | undefined;
    const connectTo = ({ host, port }: { host: string; port: number }): Socket => {
      const socket = new Socket().connect(port, host);
      made = socket;
      const real = socket.setKeepAlive.bind(socket);
      socket.setKeepAlive = (...given) => {
        probes.push(given);
        return real(...given);
      };
      return socket;
    };
    const port = await open({ connectTo });
    expect(probes).toEqual([[true, keepAliveMs]]);
    const ends: unknown[] = [];
    port.onClose((error) => ends.push(error));
    // What the system says of a connection whose far end does not answer probes.
    made?.destroy(Object.assign(new Error("read ETIMEDOUT"), { code: "ETIMEDOUT" }));
    for (let i = 0; i < 100 && ends.length === 0; i++) await pause(2);
    expect(ends).toMatchObject([{ code: "link-lost", message: expect.stringContaining("ETIMEDOUT") as string }]);
  });

  it("refuses a speed of nothing and another form", async () => {
    await expect(open({ baud: 0 })).rejects.toMatchObject({ code: "bad-input", field: "baud" });
    await expect(open({ path: "tcp://x" })).rejects.toMatchObject({ code: "bad-input", field: "port" });
  });
});
