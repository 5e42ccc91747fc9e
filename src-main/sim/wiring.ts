import type { Clock } from "../lib/clock.ts";
import { MemoryPort } from "../lib/port.ts";
import { uartImage, type WireForm } from "../sr01/uart-image.ts";
import type { Line, LineEnd } from "./line.ts";
import { seededRandom, type Random } from "./prng.ts";

/** Faults of wiring and adapter, as data. All optional; without any the line is as good as it is. */
export interface WiringFaults {
  /** A and B swapped between the ends: every bit is the other way round. */
  swapped?: boolean;
  /** The far end sends with a parity bit. */
  farParity?: "even" | "odd";
  /** The adapter gives back what it sends. */
  echo?: "clean" | "damaged";
  /** The adapter's transmitter stays on so long after its last bit, ms: what comes meanwhile is lost. */
  holdMs?: number;
  /** The adapter never drives the line. */
  transmitterOff?: boolean;
  /** No termination: bit errors at 115200 bit/s; they grow with the square of the rate and end below 38400. */
  reflections?: number;
  /** No common ground: what passes in the last `forMs` of every `everyMs` is rubbish. */
  bursts?: { everyMs: number; forMs: number };
  /** Bytes that the adapter hears on the idle line every so often. */
  idle?: { everyMs: number; bytes: readonly number[] | "random" };
}

/** Where to plant them. Same seed, same rubbish. */
export interface WiringOptions {
  clock: Clock;
  line: Line;
  faults: WiringFaults;
  seed?: number;
}

/** Reflections do no harm below this rate, bit/s: they have died away before the bit is sampled. */
const reflectionsFrom = 38_400;

/** The ends of a line behind faulty wiring: `adapter` for the program, `far` for the unit or another talker. */
export function createWiring(options: WiringOptions): { adapter: MemoryPort; far: MemoryPort; stop: () => void } {
  const { line, clock, faults } = options;
  const random = seededRandom(options.seed ?? 1);
  const stops: (() => void)[] = [];
  const form: WireForm = { inverted: faults.swapped === true };
  let quietUntil = Number.NEGATIVE_INFINITY;

  const adapter = portAt(line, "a", (bytes) => {
    const endsAt = clock.now() + byteMs(line, bytes.length);
    quietUntil = endsAt + (faults.holdMs ?? 0);
    if (faults.echo) echoBack(bytes, endsAt);
    if (faults.transmitterOff === true) return pass(clock, endsAt);
    return line.a.write(faults.swapped === true ? uartImage(bytes, form) : bytes);
  });
  const echoBack = (bytes: Uint8Array, endsAt: number): void => {
    const heard = faults.echo === "damaged" ? bytes.map((byte, i) => (i % 4 === 3 ? byte & 0x5a : byte)) : bytes;
    stops.push(
      clock.after(endsAt - clock.now(), () => {
        adapter.deliver(heard);
      }),
    );
  };
  line.a.onData((bytes) => {
    const spoiled = inBursts(bytes, line, clock.now(), faults, random);
    const lost =
      faults.holdMs === undefined ? 0 : Math.ceil((quietUntil - clock.now()) / byteMs(line, 1)) + bytes.length;
    const rest = spoiled.slice(Math.min(bytes.length, Math.max(0, lost)));
    if (rest.length > 0) adapter.deliver(rest);
  });
  const farForm: WireForm = { ...form, ...(faults.farParity ? { parity: faults.farParity } : {}) };
  const far = portAt(line, "b", (bytes) =>
    line.b.write(faults.swapped === true || faults.farParity ? uartImage(bytes, farForm) : bytes),
  );
  line.b.onData((bytes) => {
    far.deliver(inBursts(bytes, line, clock.now(), faults, random));
  });
  if (faults.reflections !== undefined) reflect(line, adapter, faults.reflections);
  if (faults.idle) stops.push(everySoOften(clock, adapter, faults.idle, random));
  return {
    adapter,
    far,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function portAt(line: Line, end: LineEnd, send: (bytes: Uint8Array) => Promise<void>): MemoryPort {
  const inner = line[end];
  const port = new MemoryPort(inner.path, inner.baud);
  port.onSend = send;
  port.setBaud = async (baud) => {
    await inner.setBaud(baud);
    port.baud = baud;
  };
  return port;
}

function byteMs(line: Line, bytes: number): number {
  return (bytes * 10_000) / line.a.baud;
}

function pass(clock: Clock, until: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(until - clock.now(), resolve);
  });
}

/** Bytes that arrived by now, with those that passed inside a burst made rubbish. */
function inBursts(bytes: Uint8Array, line: Line, now: number, { bursts }: WiringFaults, random: Random): Uint8Array {
  if (!bursts) return bytes;
  return bytes.map((byte, i) => {
    const at = now - byteMs(line, bytes.length - 1 - i);
    return at % bursts.everyMs >= bursts.everyMs - bursts.forMs ? Math.floor(random() * 256) : byte;
  });
}

function reflect(line: Line, adapter: MemoryPort, at115200: number): void {
  const follow = (): void => {
    const { baud } = adapter;
    line.setFaults({ bitErrorRate: baud < reflectionsFrom ? 0 : Math.min(0.5, at115200 * (baud / 115_200) ** 2) });
  };
  const { setBaud } = adapter;
  adapter.setBaud = async (baud) => {
    await setBaud(baud);
    follow();
  };
  follow();
}

function everySoOften(
  clock: Clock,
  adapter: MemoryPort,
  { everyMs, bytes }: NonNullable<WiringFaults["idle"]>,
  random: Random,
): () => void {
  let callOff = (): void => undefined;
  const next = (): void => {
    const waitMs = bytes === "random" ? everyMs * (0.5 + random()) : everyMs;
    callOff = clock.after(waitMs, () => {
      const count = 1 + Math.floor(random() * 6);
      adapter.deliver(
        bytes === "random"
          ? Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
          : Uint8Array.from(bytes),
      );
      next();
    });
  };
  next();
  return () => {
    callOff();
  };
}
