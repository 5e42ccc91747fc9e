import { sleep } from "../lib/clock.ts";
import { errorShape, fail, toToolkitError } from "../lib/errors.ts";
import { Mutex } from "../lib/mutex.ts";
import { createOsdpSr01 } from "../sr01/osdp-sr01.ts";
import type { WireProfile } from "../sr01/profile.ts";
import type { JobContext, Jobs } from "./jobs.ts";
import type { Lease, Line, Lines } from "./lines.ts";
import type { LineMode } from "./model/common.ts";
import type { Identity, LineState, Sr01Status } from "./model/sr01.ts";
import type { Safety } from "./safety.ts";
import type { Seams } from "./seams.ts";
import { UnitLinks } from "./unit-link.ts";

/** Live status is read so often, ms. */
const watchEveryMs = 250;
/** After a failed reading. */
const watchAgainMs = 1000;
/** Waiting for others to leave the line. */
const turnLimitMs = 5000;

/** What the person chose in the connect step. */
export interface LineChoice {
  path: string;
  baud: number;
  address: number;
  mode: LineMode;
  aloneConfirmed: boolean;
}

/** Topic `line` before anything is chosen. */
export const closedLine: LineState = {
  ...{ state: "closed", mode: null, path: null, baud: null, address: null, exclusive: null, online: false },
  ...{ identity: null, status: null, lastAnswerAt: null, error: null },
};

/** The one RS485 line that the pages work with: opens it by the line modes, shows its state, lends it to jobs. */
export class LineWork {
  readonly #seams: Seams;
  readonly #lines: Lines;
  readonly #jobs: Jobs;
  readonly #safety: Safety;
  readonly #links: UnitLinks;
  #choice: LineChoice | null = null;
  #line: Line | null = null;
  #watching: AbortController | null = null;
  /** The live status' present reading; work that needs the line alone ends it. */
  #reading: AbortController | null = null;
  /** One opening at a time; leaving the line ends it. */
  readonly #opening = new Mutex();
  #leaving = new AbortController();

  constructor(seams: Seams, lines: Lines, jobs: Jobs, safety: Safety) {
    this.#seams = seams;
    this.#lines = lines;
    this.#jobs = jobs;
    this.#safety = safety;
    this.#links = new UnitLinks(seams);
    seams.hub.set("line", closedLine);
  }

  /** Starts to open a line. Another one that is open is closed first; `busy` while a job has it alone. */
  open(choice: LineChoice): string {
    if (choice.mode === "alone" && !choice.aloneConfirmed) {
      throw fail("bad-input", "Take the door phone's A and B off the line first, and say so.", {
        field: "aloneConfirmed",
      });
    }
    this.#mayClose();
    const { path, mode } = choice;
    return this.#jobs.start("line.open", { port: path, mode }, async (job) => {
      await this.#leave(choice);
      if (this.#choice === choice) this.#seams.hub.set("line", { ...closedLine, ...placeOf(choice) });
      await this.#ensureOpen(job, choice);
      return { type: "line", heardBytes: 0 };
    });
  }

  /** Gives the port back. `busy` while a job has it alone. */
  async close(): Promise<void> {
    this.#mayClose();
    await this.#leave(null);
    this.#seams.hub.set("line", closedLine);
  }

  /** Job: who is there? */
  identify(): string {
    return this.#jobs.start("sr01.identify", this.#about(), (job) =>
      this.shared(job, async (profile) => {
        job.progress({ phase: "identify" });
        return { type: "identity", identity: await this.#identify(profile, job.signal) };
      }),
    );
  }

  /** Job: one reading of outputs, inputs, tamper and power. */
  status(): string {
    return this.#jobs.start("sr01.status", this.#about(), (job) =>
      this.shared(job, async (profile) => ({ type: "status", status: await this.readStatus(profile, job.signal) })),
    );
  }

  /** Live status on or off. Reading rests while a job has the line alone, and ends with the line. */
  watch(on: boolean): void {
    if (on === (this.#watching !== null)) return;
    this.#watching?.abort();
    this.#watching = on ? new AbortController() : null;
    if (this.#watching) void this.#watchLoop(this.#watching.signal);
  }

  /** Runs work beside others on the line, opened anew if it had been given back. */
  async shared<T>(job: JobContext, work: (profile: WireProfile, line: Line) => Promise<T>): Promise<T> {
    const line = await this.#ensureOpen(job);
    const lease = line.share();
    return this.#using(line, lease, job.signal, work);
  }

  /** Runs work with the line for itself. Waits for the live status to leave; `busy` when others stay. */
  async alone<T>(job: JobContext, holder: string, work: (profile: WireProfile, line: Line) => Promise<T>): Promise<T> {
    const line = await this.#ensureOpen(job);
    const lease = await this.#takeAlone(line, holder, job.signal);
    this.#seams.hub.patch("line", { exclusive: holder });
    try {
      return await this.#using(line, lease, job.signal, work);
    } finally {
      this.#seams.hub.patch("line", { exclusive: null });
    }
  }

  /** Reads the status and shows it. */
  async readStatus(profile: WireProfile, signal?: AbortSignal): Promise<Sr01Status> {
    const status = await profile.status(signal);
    this.#answered({ status });
    return status;
  }

  /** Shows who answered, e.g. after a flash. */
  showIdentity(identity: Identity): void {
    this.#answered({ identity });
  }

  /** Ends the live status and gives the port back, whatever runs. For closing the program. */
  async shutDown(): Promise<void> {
    this.watch(false);
    await this.#leave(null);
  }

  async #identify(profile: WireProfile, signal: AbortSignal): Promise<Identity> {
    const identity = await profile.identify({ signal });
    this.showIdentity(identity);
    return identity;
  }

  async #using<T>(
    line: Line,
    lease: Lease,
    signal: AbortSignal,
    work: (profile: WireProfile, line: Line) => Promise<T>,
  ): Promise<T> {
    const address = this.#choice?.address ?? 0;
    try {
      await this.#links.prepare(line.bus.device(address), signal);
      return await work(createOsdpSr01({ bus: line.bus, address, clock: this.#seams.clock }), line);
    } catch (error) {
      if (toToolkitError(error).code === "device-timeout") this.#seams.hub.patch("line", { online: false });
      throw error;
    } finally {
      lease.release();
    }
  }

  async #takeAlone(line: Line, holder: string, signal: AbortSignal): Promise<Lease> {
    const until = this.#seams.clock.now() + turnLimitMs;
    for (;;) {
      this.#reading?.abort();
      try {
        return line.takeAlone(holder);
      } catch (error) {
        const wait = line.exclusive === null && line.mode !== "listening" && !line.bus.wire.stopped;
        if (!wait || this.#seams.clock.now() >= until) throw error;
      }
      await sleep(this.#seams.clock, 20, signal);
    }
  }

  async #ensureOpen(job: JobContext, wanted = this.#choice): Promise<Line> {
    return this.#opening.run(async () => {
      if (this.#choice !== wanted) throw fail("cancelled", "Another line was chosen meanwhile.");
      return this.#line ?? this.#open(job, wanted);
    });
  }

  async #open(job: JobContext, choice: LineChoice | null): Promise<Line> {
    if (!choice) throw fail("bad-input", "Choose the adapter first.", { field: "port" });
    const { hub, listenMs } = this.#seams;
    hub.patch("line", { state: "listening", error: null });
    job.progress({ phase: "listen" });
    const left = this.#leaving.signal;
    try {
      const signal = AbortSignal.any([job.signal, left]);
      const line = await this.#lines.open({ ...choice, listenMs, signal });
      if (left.aborted) {
        await line.close();
        throw fail("cancelled", "The line was left while it was opened.");
      }
      this.#line = line;
      this.#show(line);
      hub.patch("line", { state: "open", error: null });
      if (choice.mode === "alone") this.#safety.workedAt(hub.get("app").door?.door ?? "this door");
      return line;
    } catch (error) {
      if (!left.aborted) hub.patch("line", { state: "closed", error: errorShape(error) });
      throw error;
    }
  }

  /** What happens to the line from now on. In Listening other senders are what is listened to. */
  #show(line: Line): void {
    const { hub } = this.#seams;
    line.bus.wire.onStop((error) => {
      if (this.#line !== line || error.code !== "busy" || line.mode === "listening") return;
      hub.patch("line", { state: "stopped", error: errorShape(error), online: false });
    });
    line.onGone((error) => {
      if (this.#line !== line) return;
      this.#line = null;
      if (error) hub.patch("line", { state: "stopped", online: false, error: errorShape(error) });
      // Given back when idle: why it had stopped before stays to be read.
      else if (hub.get("line").state !== "stopped") hub.patch("line", { state: "closed", online: false });
    });
  }

  async #watchLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = watchEveryMs;
      const line = this.#line;
      if (line && line.exclusive === null && line.mode !== "listening") {
        pauseMs = (await this.#watchOnce(line, signal)) ? watchEveryMs : watchAgainMs;
      }
      await sleep(this.#seams.clock, pauseMs, signal).catch(() => undefined);
    }
  }

  async #watchOnce(line: Line, signal: AbortSignal): Promise<boolean> {
    try {
      const lease = line.share();
      const reading = new AbortController();
      this.#reading = reading;
      const either = AbortSignal.any([signal, reading.signal]);
      await this.#using(line, lease, either, (profile) => this.readStatus(profile, either));
      return true;
    } catch (error) {
      this.#seams.log.debug("live status", { error: errorShape(error) });
      return false;
    }
  }

  #answered(part: Partial<LineState>): void {
    const lastAnswerAt = new Date(this.#seams.clock.wallTime()).toISOString();
    this.#seams.hub.patch("line", { ...part, online: true, lastAnswerAt });
  }

  #mayClose(): void {
    const holder = this.#line?.exclusive;
    if (holder) throw fail("busy", `The line is in use by ${holder}.`, { data: { holder } });
  }

  async #leave(next: LineChoice | null): Promise<void> {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#choice = next;
    const line = this.#line;
    this.#line = null;
    await line?.close();
  }

  #about(): Record<string, string> {
    return this.#choice ? { port: this.#choice.path, mode: this.#choice.mode } : {};
  }
}

function placeOf({ path, baud, address, mode }: LineChoice): Partial<LineState> {
  return { path, baud, address, mode };
}
