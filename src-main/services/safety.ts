import { fail } from "../lib/errors.ts";
import { appendAudit } from "../records/audit.ts";
import { beginHandBack, finishHandBack, getHandBack, tickHandBack } from "../records/handback.ts";
import { addMayBeOpen, clearMayBeOpen, listMayBeOpen } from "../records/may-be-open.ts";
import { handBackSteps, type SafetyState } from "./model/app.ts";
import type { Seams } from "./seams.ts";

/** An armed trigger stays armed for so long. */
const armedMs = 10_000;

/**
 * What keeps doors from moving by mistake, or from staying open by us: one page at a time may trigger, armed for 10 s; a
 * door that may be open, and a door not handed back, are told until a person says otherwise, over restarts too.
 */
export class Safety {
  readonly #seams: Seams;
  #armed: { pageId: string; untilMs: number; until: string } | null = null;
  #cancelDisarm: () => void = () => undefined;

  constructor(seams: Seams) {
    this.#seams = seams;
    this.publish();
  }

  /** Lets one page trigger for 10 s. `busy` while another page holds the trigger. */
  arm(pageId: string): { until: string } {
    const { clock } = this.#seams;
    if (this.#armed && this.#armed.pageId !== pageId && this.#armed.untilMs > clock.now()) {
      throw fail("busy", "Another page holds the trigger.", { data: { until: this.#armed.until } });
    }
    const until = new Date(clock.wallTime() + armedMs).toISOString();
    this.#armed = { pageId, untilMs: clock.now() + armedMs, until };
    this.#cancelDisarm();
    this.#cancelDisarm = clock.after(armedMs, () => {
      this.disarm(pageId);
    });
    this.publish();
    return { until };
  }

  /** Ends arming; nothing happens when another page holds the trigger. */
  disarm(pageId: string): void {
    if (this.#armed?.pageId !== pageId) return;
    this.#cancelDisarm();
    this.#armed = null;
    this.publish();
  }

  /** Throws `bad-input` unless this page is armed; arming is used up by the press. */
  usePress(pageId: string): void {
    if (this.#armed?.pageId !== pageId || this.#armed.untilMs <= this.#seams.clock.now()) {
      throw fail("bad-input", "Press Arm first; arming ends after 10 s.", { field: "pageId" });
    }
    this.disarm(pageId);
  }

  /** From now on a door may be open because of us. On the disk when it returns. */
  mayBeOpen(id: string, what: string, reason: string): void {
    addMayBeOpen(this.#seams.store, { id, what, reason, since: this.#moment() });
    this.publish();
  }

  /** We saw by ourselves that it is off again; or a person says that the door is shut and locked. */
  seenShut(id: string, who = this.#seams.who): void {
    const at = this.#moment();
    if (clearMayBeOpen(this.#seams.store, id, who, at)) {
      appendAudit(this.#seams.store, { at, who, what: "seen shut", facts: { id } });
    }
    this.publish();
  }

  /** A door is worked at, perhaps again: it counts as not handed back until every step is ticked from the first. */
  workedAt(door: string): void {
    beginHandBack(this.#seams.store, door, this.#moment());
    this.publish();
  }

  /** A person ticks one step of handing the door back; the last one ends it. */
  tick(step: (typeof handBackSteps)[number]): void {
    const { store, who } = this.#seams;
    const waiting = getHandBack(store);
    if (!waiting) throw fail("bad-input", "No door waits to be handed back.", { field: "step" });
    const now = tickHandBack(store, waiting.door, step);
    appendAudit(store, { at: this.#moment(), who, what: "hand back", facts: { door: waiting.door, step } });
    if (now && handBackSteps.every((one) => now.done.includes(one))) finishHandBack(store, waiting.door);
    this.publish();
  }

  /** Tells the present state to the pages. */
  publish(): void {
    const { store, hub } = this.#seams;
    const waiting = getHandBack(store);
    const state: SafetyState = {
      mayBeOpen: listMayBeOpen(store).slice(0, 50),
      handBack: waiting ? { door: waiting.door, done: waiting.done } : null,
      armed: this.#armed ? { pageId: this.#armed.pageId, until: this.#armed.until } : null,
    };
    hub.set("safety", state);
  }

  /** Stops its timer. */
  close(): void {
    this.#cancelDisarm();
  }

  #moment(): string {
    return new Date(this.#seams.clock.wallTime()).toISOString();
  }
}
