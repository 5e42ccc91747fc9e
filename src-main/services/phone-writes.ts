import { sleep } from "../lib/clock.ts";
import { errorFromShape, fail, toToolkitError } from "../lib/errors.ts";
import type { ConfigMap } from "../phone/answers.ts";
import { planChanges, type ChangePlan, type KeyWrite } from "../phone/plan.ts";
import { keyOf } from "../phone/settings.ts";
import { checkTrigger, relayFacts, triggerRelay, type RelayFacts } from "../phone/trigger.ts";
import { writeSettings, type WriteOptions, type WriteResult } from "../phone/write.ts";
import type { JobContext, JobEnd, Jobs } from "./jobs.ts";
import type { JobResult } from "./model/job.ts";
import type { PlannedChange, RelayName } from "./model/phone.ts";
import type { Once } from "./once.ts";
import type { ConnectedPhone, PhoneWork } from "./phone-work.ts";
import type { Safety } from "./safety.ts";
import type { Seams } from "./seams.ts";
import { planBack } from "./undo-plan.ts";

/** A relay's state is confirmed so long after its hold time, ms. */
const confirmAfterMs = 1000;

/** A press that moves a relay of the door phone. */
export interface PhonePress {
  onceId: string;
  pageId: string;
  relay: RelayName;
  seconds?: number | undefined;
}

/** What changes a door phone from a page: settings written and read back, undo, triggers sent exactly once. */
export class PhoneWrites {
  readonly #seams: Seams;
  readonly #phone: PhoneWork;
  readonly #jobs: Jobs;
  readonly #safety: Safety;
  readonly #once: Once;
  #undo: readonly KeyWrite[] = [];

  constructor(seams: Seams, phone: PhoneWork, jobs: Jobs, safety: Safety, once: Once) {
    this.#seams = seams;
    this.#phone = phone;
    this.#jobs = jobs;
    this.#safety = safety;
    this.#once = once;
  }

  /** Job: write and read back. Throws before anything is sent when a change cannot be, or a danger was not confirmed. */
  write(onceId: string, changes: Readonly<Record<string, string>>, confirmed: readonly string[]): string {
    return this.#once.run(onceId, "phone.write", () => {
      const plan = planChanges(this.#phone.connected().config, changes);
      const [problem] = plan.review.problems;
      if (problem) throw errorFromShape({ ...problem, data: { ...problem.data, problems: plan.review.problems } });
      const open = plan.review.changes.find((change) => change.danger !== null && !confirmed.includes(change.danger));
      if (open) {
        throw fail("bad-input", `Confirm first what changing ${open.field} means for the door.`, { field: open.field });
      }
      return this.#start(plan, (config) => planChanges(config, changes));
    });
  }

  /** Job: put back what the last write changed. The undo can be undone again. */
  undo(onceId: string): string {
    return this.#once.run(onceId, "phone.undo", () => {
      if (this.#undo.length === 0) throw fail("bad-input", "There is nothing to take back.");
      const last = this.#undo;
      const replan = (config: ConfigMap): ChangePlan => planBack(config, last);
      return this.#start(replan(this.#phone.connected().config), replan);
    });
  }

  /** Forgets what could be taken back, e.g. after leaving the unit. */
  forget(): void {
    this.#undo = [];
  }

  /** Job: trigger one relay, sent exactly once. Needs an armed page. */
  trigger(press: PhonePress): string {
    return this.#once.run(press.onceId, "phone.trigger", () => {
      const { relay, seconds } = press;
      if (this.#seams.hub.get("line").mode === "alone") {
        throw fail("busy", "The door phone is off the line in Alone: put its A/B back, or use Listening.");
      }
      checkTrigger(relay, seconds);
      const facts = relayFacts(this.#phone.connected().config, relay);
      this.#safety.usePress(press.pageId);
      return this.#jobs.start("phone.trigger", { ...this.#phone.about(), relay }, (job) =>
        this.#phone.using((unit) => this.#trigger(job, unit, relay, seconds, facts)),
      );
    });
  }

  #start(reviewed: ChangePlan, replan: (config: ConfigMap) => ChangePlan): string {
    const about = { ...this.#phone.about(), changes: String(reviewed.writes.length) };
    return this.#jobs.start("phone.write", about, (job) =>
      this.#phone.using(async (unit) => {
        // What stands in the unit now decides: somebody may have changed it since it was read.
        job.progress({ phase: "snapshot" });
        unit.config = await unit.phone.config(job.signal);
        const plan = replan(unit.config);
        this.#mustBeAsReviewed(reviewed, plan);
        job.progress({ phase: "write" });
        job.committed();
        const { settleMs } = this.#seams.phoneTiming;
        const times = settleMs === undefined ? {} : { settleMs };
        const result = await this.#written(unit, plan.writes, { clock: this.#seams.clock, ...times });
        if (result.written && result.restored === null) this.#remember(plan.writes);
        await this.#phone.reread({ signal: new AbortController().signal });
        return endOf(plan.review.changes, result);
      }),
    );
  }

  /** Writes. What was sent and could not be read back can be taken back too. */
  async #written(unit: ConnectedPhone, writes: readonly KeyWrite[], options: WriteOptions): Promise<WriteResult> {
    try {
      return await writeSettings(unit.phone, writes, options);
    } catch (error) {
      if (toToolkitError(error).data?.["maybeExecuted"] === true) this.#remember(writes);
      throw error;
    }
  }

  #mustBeAsReviewed(reviewed: ChangePlan, now: ChangePlan): void {
    const same = (a: PlannedChange, b: PlannedChange | undefined): boolean => a.field === b?.field && a.old === b.old;
    const before = reviewed.review.changes;
    const after = now.review.changes;
    if (before.length === after.length && before.every((change, index) => same(change, after[index]))) return;
    throw fail("bad-input", "The unit's settings changed since they were read. Read them again and review.", {
      field: "changes",
    });
  }

  #remember(writes: readonly KeyWrite[]): void {
    this.#undo = writes;
    this.#seams.hub.patch("phone", { canUndo: writes.length > 0 });
  }

  async #trigger(
    job: JobContext,
    unit: ConnectedPhone,
    relay: RelayName,
    seconds: number | undefined,
    facts: RelayFacts,
  ): Promise<JobResult> {
    const door = this.#seams.hub.get("app").door;
    const place = door ? `${door.site} / ${door.door}` : (this.#phone.about()["host"] ?? "door phone");
    const what = `${place}: ${relay.startsWith("S") ? `Security Relay ${relay.slice(1)}` : `Relay ${relay}`}`;
    this.#safety.mayBeOpen(job.id, what, facts.bistable ? "bistable" : "trigger");
    job.progress({ phase: "send" });
    try {
      await triggerRelay(unit.phone, { relay, facts, ...(seconds === undefined ? {} : { seconds }) }, job.signal);
    } catch (error) {
      if (toToolkitError(error).data?.["maybeExecuted"] !== true) this.#safety.seenShut(job.id, "nothing was moved");
      throw error;
    }
    job.committed();
    job.progress({ phase: "on" });
    await this.#phone.status().catch(() => null);
    const heldSeconds = delaySeconds(unit.config, relay) + (seconds ?? facts.holdSeconds ?? 1);
    await this.#seeEnd(job, relay, heldSeconds, facts);
    return { type: "trigger", relay, accepted: true };
  }

  /**
   * A timed relay closes by itself: read once its time is over, the band goes when it reads off. What cannot be read, and a
   * relay that stays until triggered again, keeps the band until a person looked.
   */
  async #seeEnd(job: JobContext, relay: RelayName, holdSeconds: number, facts: RelayFacts): Promise<void> {
    // A security relay's state is not to be had over HTTP.
    if (facts.bistable || relay.startsWith("S")) return;
    await sleep(this.#seams.clock, holdSeconds * 1000 + confirmAfterMs, job.signal);
    const status = await this.#phone.status().catch(() => null);
    const idle = facts.level === 1 ? 1 : 0;
    if (status?.relays[relay] === idle) this.#safety.seenShut(job.id, "relay read off");
  }
}

function endOf(changes: PlannedChange[], result: WriteResult): JobResult | JobEnd {
  const { written, readBack, differing, restored } = result;
  const end: JobResult = { type: "write", changes, written, readBack, differing, restored };
  const failed = differing.filter((one) => !one.renamed);
  if (failed.length === 0) return end;
  const fields = failed.map((one) => one.field);
  const tail =
    restored === false ? " Putting the old settings back FAILED: check the unit." : " The old settings were put back.";
  const error = fail("not-verified", `These settings did not stick: ${fields.join(", ")}.${tail}`, {
    data: { fields, restored },
  });
  return { result: end, error };
}

/** The relay's own wait before it moves, seconds; 0 where the unit does not say. */
function delaySeconds(config: ConfigMap, relay: RelayName): number {
  const delay = Number(config.get(keyOf(config, `relay${relay}.triggerDelay`)?.key ?? ""));
  return Number.isFinite(delay) && delay > 0 ? Math.min(delay, 60) : 0;
}
