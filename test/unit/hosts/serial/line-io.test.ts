import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { polledIo, type FdCalls, type PolledPort } from "../../../../src-main/hosts/serial/line-io.ts";

const notReady = (): Error => Object.assign(new Error("not ready"), { code: "EAGAIN" });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A binding's port whose system calls and poller the test drives. */
function fakePort() {
  const events = new EventEmitter();
  const polls: number[] = [];
  let closed = 0;
  const port: PolledPort = {
    fd: 42,
    poller: {
      poll: (flags) => polls.push(flags),
      stop: () => {
        events.emit("readable", new Error("Canceled"));
        events.emit("writable", new Error("Canceled"));
      },
      on: (event, fn) => events.on(event, fn),
    },
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
    read: () => Promise.reject(new Error("the binding's own loop is not used")),
    write: () => Promise.reject(new Error("the binding's own loop is not used")),
    drain: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    update: () => Promise.resolve(),
  };
  return {
    port,
    polls,
    fire: (event: string, error: Error | null = null) => events.emit(event, error),
    closes: () => closed,
  };
}

const neverReady: FdCalls = { read: () => Promise.reject(notReady()), write: () => Promise.reject(notReady()) };

describe("the loops around the binding's defects", () => {
  it("keeps asking for writable when a read starts to wait (defect a)", async () => {
    const { port, polls } = fakePort();
    const io = polledIo(port, neverReady);
    const writing = io.write(Uint8Array.of(1)).catch(() => "ended");
    await turn();
    const reading = io.read().catch(() => "ended");
    await turn();
    expect(polls).toEqual([2, 3]);
    await io.close();
    expect(await Promise.all([writing, reading])).toEqual(["ended", "ended"]);
  });

  it("asks for what is still waited for after one event, and for nothing when nobody waits", async () => {
    const { port, polls, fire } = fakePort();
    let writable = false;
    const io = polledIo(port, {
      ...neverReady,
      write: () => (writable ? Promise.resolve({ bytesWritten: 1 }) : Promise.reject(notReady())),
    });
    const reading = io.read().catch(() => "ended");
    const writing = io.write(Uint8Array.of(1));
    await turn();
    writable = true;
    fire("writable");
    await writing;
    expect(polls.at(-1)).toBe(1);
    fire("writable");
    expect(polls.at(-1)).toBe(1);
    await io.close();
    await reading;
  });

  it("takes 0 bytes as the end of the line instead of trying for ever (defect b)", async () => {
    let reads = 0;
    const io = polledIo(fakePort().port, {
      ...neverReady,
      read: () => {
        reads += 1;
        return Promise.resolve({ bytesRead: 0 });
      },
    });
    await expect(io.read()).rejects.toThrow("hung up");
    expect(reads).toBe(1);
  });

  it("sends the rest after a part was taken", async () => {
    const taken: number[][] = [];
    const io = polledIo(fakePort().port, {
      ...neverReady,
      write: (_fd, buffer, offset, length) => {
        const part = buffer.subarray(offset, offset + Math.min(2, length));
        taken.push([...part]);
        return Promise.resolve({ bytesWritten: part.length });
      },
    });
    await io.write(Uint8Array.of(1, 2, 3));
    expect(taken).toEqual([[1, 2], [3]]);
  });

  it("closes the descriptor only after the system call under way came back", async () => {
    const { port, closes } = fakePort();
    let finish: (result: { bytesRead: number }) => void = () => undefined;
    const io = polledIo(port, { ...neverReady, read: () => new Promise((resolve) => (finish = resolve)) });
    const reading = io.read();
    const closing = io.close();
    await turn();
    expect(closes()).toBe(0);
    finish({ bytesRead: 1 });
    await Promise.all([reading, closing]);
    expect(closes()).toBe(1);
    await expect(io.read()).rejects.toThrow("closed");
  });

  it("passes an error of the poller on", async () => {
    const { port, fire } = fakePort();
    const io = polledIo(port, neverReady);
    const reading = io.read();
    await turn();
    fire("readable", new Error("bad file descriptor"));
    await expect(reading).rejects.toThrow("bad file descriptor");
  });
});
