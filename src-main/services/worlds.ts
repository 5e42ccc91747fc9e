import { fail } from "../lib/errors.ts";
import { Mutex } from "../lib/mutex.ts";
import { getSetting, setSetting } from "../records/settings.ts";
import { refreshAdapters } from "./adapters.ts";
import type { FileSource } from "./flash-work.ts";
import type { Hub } from "./hub.ts";
import type { AppState } from "./model/app.ts";
import type { Seams } from "./seams.ts";
import { createServices, type Services } from "./services.ts";
import type { TrainingBench } from "./training.ts";
import { dismissWork, workLeft } from "./work-left.ts";

/** What the two worlds are made of. */
export interface WorldParts {
  hub: Hub;
  real: Seams;
  files: FileSource;
  /** Starts the simulated bench. */
  startTraining(): Promise<TrainingBench>;
  /** Seams of Training: simulated ports, records and passwords in memory. */
  trainingSeams(bench: TrainingBench): Seams;
  /** Another window works on the same records: this one only looks. */
  readOnly: boolean;
  /** Whether the program that owns a job still runs. */
  stillRuns(owner: string): boolean;
}

interface Training {
  readonly bench: TrainingBench;
  readonly services: Services;
  readonly leave: () => void;
}

/** The real world and Training. One of them is current; entering or leaving Training closes ports and clears the door. */
export class Worlds {
  readonly #parts: WorldParts;
  readonly #switch = new Mutex();
  #switching = false;
  #real: Services;
  #training: Training | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#real = createServices(parts.real, parts.files);
  }

  /** Services of the current world. */
  get current(): Services {
    return this.#training?.services ?? this.#real;
  }

  /** The simulated bench. Throws `bad-input` outside Training. */
  get bench(): TrainingBench {
    if (!this.#training) throw fail("bad-input", "This is for Training only.");
    return this.#training.bench;
  }

  /** Services for work that changes something; `busy` where another window works. */
  get forWork(): Services {
    if (this.#switching) throw fail("busy", "Training is being entered or left just now. Try again in a moment.");
    if (this.#parts.readOnly && !this.#training) {
      throw fail("busy", "Another window of this program works on the same records. Use that one, or close it first.");
    }
    return this.current;
  }

  /** Tells the first state of everything. */
  async begin(): Promise<void> {
    const door = getSetting(this.#parts.real.store, "door") as AppState["door"];
    this.#parts.hub.patch("app", { door });
    await this.#tellApp();
    await refreshAdapters(this.current.seams);
  }

  /** Ends the present world's work and starts the simulated bench. Nothing happens inside Training. */
  enterTraining(): Promise<void> {
    return this.#alone(async () => {
      if (this.#training) return;
      this.#mustBeIdle();
      const bench = await this.#parts.startTraining();
      await this.#real.close();
      const services = createServices(this.#parts.trainingSeams(bench), this.#parts.files);
      const tell = (): void => {
        this.#parts.hub.set("training", bench.state());
      };
      this.#training = { bench, services, leave: bench.onChange(tell) };
      tell();
      await this.#entered({ site: "Training", door: "Practice door" });
    });
  }

  /** Ends Training and starts the real world anew. Nothing happens outside Training. */
  leaveTraining(): Promise<void> {
    return this.#alone(async () => {
      const training = this.#training;
      if (!training) return;
      this.#mustBeIdle();
      this.#training = null;
      training.leave();
      await training.services.close();
      await training.bench.close();
      this.#real = createServices(this.#parts.real, this.#parts.files);
      this.#parts.hub.set("training", null);
      await this.#entered(null);
    });
  }

  /** Names the door that is worked at; kept for the next start, not in Training. */
  setDoor(site: string, door: string): void {
    this.#mayWrite();
    const named = site.trim() === "" && door.trim() === "" ? null : { site: site.trim(), door: door.trim() };
    if (!this.#training) setSetting(this.#parts.real.store, "door", named);
    this.#parts.hub.patch("app", { door: named });
  }

  /** A person read that an earlier run left this unfinished. */
  async dismiss(id: string): Promise<void> {
    this.#mayWrite();
    dismissWork(this.current.seams, id);
    await this.#tellApp();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.current.close();
    await this.#training?.bench.close();
  }

  /** One switch at a time, and no new work meanwhile: its world would be gone. */
  #alone(work: () => Promise<void>): Promise<void> {
    return this.#switch.run(async () => {
      this.#switching = true;
      try {
        await work();
      } finally {
        this.#switching = false;
      }
    });
  }

  /** Throws `busy` where records may not be changed. */
  #mayWrite(): void {
    void this.forWork;
  }

  async #entered(door: AppState["door"]): Promise<void> {
    this.#parts.hub.patch("app", { door });
    await this.#tellApp();
    await refreshAdapters(this.current.seams);
  }

  async #tellApp(): Promise<void> {
    const { seams } = this.current;
    this.#parts.hub.patch("app", {
      training: this.#training !== null,
      trainingBench: this.#training?.bench.words ?? null,
      secrets: await seams.secrets.availability(),
      openWork: workLeft(seams, (owner) => this.#parts.stillRuns(owner)),
    });
  }

  #mustBeIdle(): void {
    if (this.current.jobs.runningCount > 0)
      throw fail("busy", "Something is still running. Wait for it, or cancel it first.");
  }
}
