import { sleep } from "../lib/clock.ts";
import { fail, toToolkitError } from "../lib/errors.ts";
import type { WireProfile } from "../sr01/profile.ts";
import type { JobContext, JobEnd, Jobs } from "./jobs.ts";
import type { LineWork } from "./line-work.ts";
import type { JobResult } from "./model/job.ts";
import type { Once } from "./once.ts";
import type { Safety } from "./safety.ts";
import type { Seams } from "./seams.ts";

/** After its time a relay must read off within so long, ms. */
const graceMs = 3000;
const lookEveryMs = 200;

/** A press that moves an output of the SR01. */
export interface OutputPress {
  onceId: string;
  pageId: string;
  output: number;
  seconds: number;
}

/** Moves the SR01's lock relay from a page: timed only, one press one movement, told until it reads off again. */
export class OutputWork {
  readonly #seams: Seams;
  readonly #line: LineWork;
  readonly #jobs: Jobs;
  readonly #safety: Safety;
  readonly #once: Once;

  constructor(seams: Seams, line: LineWork, jobs: Jobs, safety: Safety, once: Once) {
    this.#seams = seams;
    this.#line = line;
    this.#jobs = jobs;
    this.#safety = safety;
    this.#once = once;
  }

  /** Job: relay on for a time (OUT code 5), read back, watched until it reads off. Needs an armed page. */
  pulse(press: OutputPress): string {
    const { onceId, pageId, output, seconds } = press;
    return this.#once.run(onceId, "sr01.pulse", () => {
      this.#safety.usePress(pageId);
      const about = { output: String(output), seconds: String(seconds) };
      return this.#jobs.start("sr01.output", about, (job) =>
        this.#line.shared(job, (profile) => this.#pulse(job, profile, output, seconds)),
      );
    });
  }

  /** Job: relay off for good (OUT code 1). Closing needs no arming. */
  off(onceId: string, output: number): string {
    return this.#once.run(onceId, "sr01.off", () =>
      this.#jobs.start("sr01.output", { output: String(output) }, (job) =>
        this.#line.shared(job, async (profile): Promise<JobResult> => {
          await profile.set(output, false, job.signal);
          return result(output, "off", (await this.#line.readStatus(profile, job.signal)).outputs);
        }),
      ),
    );
  }

  async #pulse(job: JobContext, profile: WireProfile, output: number, seconds: number): Promise<JobResult | JobEnd> {
    this.#safety.mayBeOpen(job.id, this.#doorName(), "pulse");
    job.progress({ phase: "send" });
    await this.#send(job, profile, output, seconds);
    job.committed();
    const sentAt = this.#seams.clock.now();
    const on = await this.#line.readStatus(profile);
    job.progress({ phase: "on" });
    await sleep(this.#seams.clock, Math.max(0, sentAt + seconds * 1000 - this.#seams.clock.now()), job.signal);
    const off = await this.#seenOff(profile, output, job.signal);
    if (!off) {
      const error = fail("not-verified", "The relay's time is over and it still reads on. The door may be open.");
      return { result: result(output, "pulse", on.outputs), error };
    }
    this.#safety.seenShut(job.id, "relay read off");
    if (on.outputs[output] === 1) return result(output, "pulse", on.outputs);
    const error = fail("not-verified", "The unit took the command, but its relay did not read on.");
    return { result: result(output, "pulse", on.outputs), error };
  }

  async #send(job: JobContext, profile: WireProfile, output: number, seconds: number): Promise<void> {
    try {
      await profile.pulse(output, seconds, job.signal);
    } catch (error) {
      // A plain refusal moved nothing; anything open-ended leaves the band up until a person looked.
      if (toToolkitError(error).data?.["maybeExecuted"] !== true) this.#safety.seenShut(job.id, "nothing was moved");
      throw error;
    }
  }

  async #seenOff(profile: WireProfile, output: number, signal: AbortSignal): Promise<boolean> {
    const until = this.#seams.clock.now() + graceMs;
    for (;;) {
      const { outputs } = await this.#line.readStatus(profile, signal);
      if (outputs[output] === 0) return true;
      if (this.#seams.clock.now() >= until) return false;
      await sleep(this.#seams.clock, lookEveryMs, signal);
    }
  }

  #doorName(): string {
    const door = this.#seams.hub.get("app").door;
    return door ? `${door.site} / ${door.door}` : "SR01 on the line";
  }
}

function result(output: number, command: string, outputs: number[]): JobResult {
  return { type: "output", output, command, outputs };
}
