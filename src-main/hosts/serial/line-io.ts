import * as fs from "node:fs";
import { promisify } from "node:util";

/** A serial device as the serialport binding opens it; the part that is used here. */
export interface BindingPort {
  read(buffer: Buffer, offset: number, length: number): Promise<{ bytesRead: number }>;
  write(buffer: Buffer): Promise<void>;
  close(): Promise<void>;
  drain(): Promise<void>;
  flush(): Promise<void>;
  update(options: { baudRate: number }): Promise<void>;
  /** Sets the modem lines; what is not named is dropped. */
  set?(options: { brk: boolean; cts: boolean; dtr: boolean; rts: boolean }): Promise<void>;
}

/** The additional members of the binding on Linux. */
export interface PolledPort extends BindingPort {
  fd: number | null;
  poller: {
    poll(flags: number): void;
    stop(): void;
    on(event: "readable" | "writable", fn: (error: Error | null) => void): unknown;
  };
}

/** Raw bytes in and out. Both reject when the line is gone or `close` was called; which one it was the caller knows. */
export interface LineIo {
  read(): Promise<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** System calls, for tests. */
export interface FdCalls {
  read: (fd: number, buffer: Uint8Array, offset: number, length: number) => Promise<{ bytesRead: number }>;
  write: (fd: number, buffer: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }>;
}

const fsRead = promisify(fs.read);
const fsWrite = promisify(fs.write);
const systemCalls: FdCalls = {
  read: (fd, buffer, offset, length) => fsRead(fd, buffer, offset, length, null),
  write: (fd, buffer, offset, length) => fsWrite(fd, buffer, offset, length, null),
};
const chunkBytes = 4096;
const flags = { readable: 1, writable: 2 } as const;
type Readiness = keyof typeof flags;

/** Reads and writes a binding's port: on Linux around the defects of its own loops, elsewhere as the binding does it. */
export function lineIo(port: BindingPort): LineIo {
  return isPolled(port) && process.platform === "linux" ? polledIo(port) : plainIo(port);
}

function isPolled(port: BindingPort): port is PolledPort {
  return "poller" in port && "fd" in port;
}

function plainIo(port: BindingPort): LineIo {
  const buffer = Buffer.alloc(chunkBytes);
  return {
    read: async () => {
      const { bytesRead } = await port.read(buffer, 0, chunkBytes);
      return Uint8Array.from(buffer.subarray(0, bytesRead));
    },
    write: (bytes) => port.write(Buffer.from(bytes)),
    close: () => port.close(),
  };
}

/**
 * Own read and write loops over the binding's descriptor and poller. @serialport/bindings-cpp 13.0.0 has two defects on
 * Linux: (a) waiting for one readiness drops a pending wait for the other, so that full-duplex bulk writes stall; here
 * every poll asks for all that is waited for. (b) After a hang-up `read` may give 0 bytes, which it tries again at once
 * for ever; here 0 bytes mean that the line is gone (with VMIN 1 an idle line gives EAGAIN).
 */
export function polledIo(port: PolledPort, calls: FdCalls = systemCalls): LineIo {
  const readiness = watchReadiness(port.poller);
  const inFlight = new Set<Promise<unknown>>();
  const buffer = new Uint8Array(chunkBytes);

  /** Runs one system call again as often as the line is only not ready. */
  const whenReady = async <T>(event: Readiness, call: (fd: number) => Promise<T>): Promise<T> => {
    for (;;) {
      if (readiness.stopped || port.fd === null) throw new Error("The port is closed.");
      const attempt = call(port.fd);
      inFlight.add(attempt);
      try {
        return await attempt;
      } catch (error) {
        if (!isNotReady(error)) throw error;
      } finally {
        inFlight.delete(attempt);
      }
      await readiness.wait(event);
    }
  };

  return {
    read: async () => {
      const { bytesRead } = await whenReady("readable", (fd) => calls.read(fd, buffer, 0, chunkBytes));
      if (bytesRead === 0) throw new Error("The line hung up (a read of 0 bytes).");
      return buffer.slice(0, bytesRead);
    },
    write: async (bytes) => {
      for (let sent = 0; sent < bytes.length;) {
        const from = sent;
        sent += (await whenReady("writable", (fd) => calls.write(fd, bytes, from, bytes.length - from))).bytesWritten;
      }
    },
    close: async () => {
      readiness.stop();
      // A call still under way could otherwise meet another file under the same descriptor number.
      await Promise.allSettled([...inFlight]);
      await port.close();
    },
  };
}

function isNotReady(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "EAGAIN" || code === "EWOULDBLOCK" || code === "EINTR";
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Waits for readiness; every poll asks for all events that somebody waits for, and for nothing else. */
function watchReadiness(poller: PolledPort["poller"]) {
  const waiting = new Map<Readiness, Waiter>();
  let stopped = false;
  const wanted = (): number => [...waiting.keys()].reduce((sum, event) => sum | flags[event], 0);
  const fired = (event: Readiness, error: Error | null): void => {
    const waiter = waiting.get(event);
    waiting.delete(event);
    if (!error && !stopped) poller.poll(wanted());
    if (error) waiter?.reject(error);
    else waiter?.resolve();
  };
  poller.on("readable", (error) => {
    fired("readable", error);
  });
  poller.on("writable", (error) => {
    fired("writable", error);
  });
  return {
    get stopped() {
      return stopped;
    },
    /** One waiter an event: there is one read loop, and writes queue. */
    wait: (event: Readiness) =>
      new Promise<void>((resolve, reject) => {
        if (stopped) {
          reject(new Error("The port is closed."));
          return;
        }
        waiting.set(event, { resolve, reject });
        poller.poll(wanted());
      }),
    /** Ends all waiting; the poller then cancels each. */
    stop: () => {
      stopped = true;
      poller.stop();
    },
  };
}
