import { sleep, type Clock } from "../../lib/clock.ts";
import { toToolkitError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Port } from "../../lib/port.ts";
import type { SentReply } from "../../osdp/peripheral-options.ts";
import type { FaultBox } from "./faults.ts";
import { ReplySpoiler } from "./spoil-reply.ts";

/** Shorter waits than this are left out: a timer has a floor of 1 ms, and the way through the event loop takes time too. */
const shortestWaitMs = 0.55;

/** Puts replies on the line: after two idle characters (5.7), with the faults in force. */
export class Transmitter {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #faults: FaultBox;
  readonly #spoiler: ReplySpoiler;
  readonly #log: Log;
  #powerCycle = 0;

  constructor(port: Port, clock: Clock, faults: FaultBox, log: Log) {
    this.#port = port;
    this.#clock = clock;
    this.#faults = faults;
    this.#spoiler = new ReplySpoiler(faults);
    this.#log = log;
  }

  /** Nothing that waits is sent any more. */
  drop(): void {
    this.#powerCycle += 1;
  }

  /** Sends one marked reply; resolves when its last bit is out, or would have been. Never rejects. */
  async send(reply: Uint8Array, about: SentReply): Promise<void> {
    const cycle = this.#powerCycle;
    const out = this.#spoiler.spoil(reply, about);
    const charMs = 10_000 / this.#port.baud;
    const wait = Math.max(2 * charMs, this.#faults.now.delayReplyMs ?? 0);
    if (wait >= shortestWaitMs) await sleep(this.#clock, wait);
    if (cycle !== this.#powerCycle) return;
    const startMs = this.#clock.now();
    if (out) {
      try {
        await this.#port.write(out);
      } catch (error) {
        this.#log.debug("sim-sr01.reply-lost", { seen: toToolkitError(error).message });
        return;
      }
    }
    // Many adapters and pseudo-terminals say "out" at once.
    const left = startMs + (out ?? reply).length * charMs - this.#clock.now();
    if (left >= shortestWaitMs) await sleep(this.#clock, left);
  }
}
