import { errorShape, fail, toToolkitError } from "../lib/errors.ts";
import type { ConfigMap } from "../phone/answers.ts";
import { createPhone, readStatus, type Phone, type PhoneInfo } from "../phone/client.ts";
import { planChanges } from "../phone/plan.ts";
import { readSettings } from "../phone/settings.ts";
import { listKnownPhones, saveKnownPhone } from "../records/known-phones.ts";
import { setSetting } from "../records/settings.ts";
import type { JobContext, Jobs } from "./jobs.ts";
import type { KnownPhone, PhoneState, Review } from "./model/phone.ts";
import type { Seams } from "./seams.ts";

/** Chips are kept fresh so often at most, ms; never during a write, trigger or test. */
const refreshEveryMs = 10_000;

/** Topic `phone` before anything is chosen. */
export const noPhone: PhoneState = {
  ...{ state: "none", host: null, info: null, settings: null, status: null },
  ...{ lastAnswerAt: null, error: null, canUndo: false },
};

/** How to reach a unit. `password` null: the stored one. */
export interface PhoneLogin {
  host: string;
  user: string;
  password: string | null;
  auth: "auto" | "digest" | "basic" | "none";
  remember: boolean;
}

/** A connected unit and what was last read from it. */
export interface ConnectedPhone {
  readonly phone: Phone;
  readonly info: PhoneInfo;
  config: ConfigMap;
}

/** The one door phone that the pages work with: connects, reads, shows its state. Writing and triggering are beside it. */
export class PhoneWork {
  readonly #seams: Seams;
  readonly #jobs: Jobs;
  #connected: ConnectedPhone | null = null;
  #cancelRefresh: () => void = () => undefined;
  #atWork = 0;

  constructor(seams: Seams, jobs: Jobs) {
    this.#seams = seams;
    this.#jobs = jobs;
    seams.hub.set("phone", noPhone);
  }

  /** Job: reach a unit, ask who it is, read its settings. Keeps the password only when asked to. */
  connect(login: PhoneLogin): string {
    this.#mayLeave();
    const { host, user } = login;
    return this.#jobs.start("phone.connect", { host, user }, async (job) => {
      this.#atWork += 1;
      await this.#forget();
      this.#seams.hub.set("phone", { ...noPhone, state: "connecting", host });
      const phone = await this.#open(login);
      try {
        job.progress({ phase: "connect" });
        const info = await phone.info(job.signal);
        job.progress({ phase: "read" });
        this.#connected = { phone, info, config: await phone.config(job.signal) };
        await this.#keep(login, info);
        await this.#showStatus(job.signal);
        this.#showSettings();
        this.#refreshLater();
        return { type: "phone", info: infoOf(info) };
      } catch (error) {
        this.#connected = null;
        await phone.close();
        this.#seams.hub.set("phone", { ...noPhone, host, state: "none", error: errorShape(error) });
        throw error;
      } finally {
        this.#atWork -= 1;
      }
    });
  }

  /** Leaves the unit. `busy` while something is under way with it. */
  async disconnect(): Promise<void> {
    this.#mayLeave();
    await this.#forget();
    this.#seams.hub.set("phone", noPhone);
  }

  /** Job: read settings and states anew. */
  read(): string {
    return this.#jobs.start("phone.read", this.about(), (job) =>
      this.using(async () => {
        await this.reread(job);
        return {
          type: "settings",
          fieldCount: Object.keys(this.#seams.hub.get("phone").settings?.fields ?? {}).length,
        };
      }),
    );
  }

  /** What these changes would mean, compared with what was last read. Sends nothing. */
  review(changes: Readonly<Record<string, string>>): Review {
    return planChanges(this.connected().config, changes).review;
  }

  /** Units connected before, and whether their password is kept. */
  async known(): Promise<KnownPhone[]> {
    const phones = listKnownPhones(this.#seams.store);
    const kept = await Promise.all(phones.map((one) => this.#seams.secrets.get(secretName(one.host, one.user))));
    return phones.map((one, index) => ({ ...one, passwordStored: kept[index] !== null }));
  }

  /** The unit, or `bad-input` when none is connected. */
  connected(): ConnectedPhone {
    if (!this.#connected) throw fail("bad-input", "Connect to a door phone first.", { field: "host" });
    return this.#connected;
  }

  /** Facts to show beside a job. */
  about(): Record<string, string> {
    const { host, info } = this.#seams.hub.get("phone");
    return host && info ? { host, model: info.model, firmware: info.firmware } : {};
  }

  /** Runs work with the unit; the chips' refresh rests meanwhile, and a lost unit shows as lost. */
  async using<T>(work: (unit: ConnectedPhone) => Promise<T>): Promise<T> {
    const unit = this.connected();
    this.#cancelRefresh();
    this.#atWork += 1;
    try {
      return await work(unit);
    } catch (error) {
      this.#noteLost(error);
      throw error;
    } finally {
      this.#atWork -= 1;
      if (this.#connected) this.#refreshLater();
    }
  }

  /** Reads settings and states and shows them. */
  async reread(job: Pick<JobContext, "signal">): Promise<void> {
    const unit = this.connected();
    unit.config = await unit.phone.config(job.signal);
    this.#showSettings();
    await this.#showStatus(job.signal);
  }

  /** Reads the states of relays and inputs and shows them; a unit that reports none shows none. */
  async #showStatus(signal?: AbortSignal): Promise<void> {
    try {
      this.#answered({ status: await readStatus(this.connected().phone, signal) });
    } catch (error) {
      if (toToolkitError(error).code !== "unsupported") throw error;
      this.#answered({ status: null });
    }
  }

  /** States of relays and inputs, shown as well. */
  async status(signal?: AbortSignal): Promise<PhoneState["status"]> {
    await this.#showStatus(signal);
    return this.#seams.hub.get("phone").status;
  }

  /** Leaves the unit without asking, for closing the program. */
  shutDown(): Promise<void> {
    return this.#forget();
  }

  async #open({ host, user, password, auth }: PhoneLogin): Promise<Phone> {
    const { clock, log, secrets, phoneTiming } = this.#seams;
    const known = password ?? (await secrets.get(secretName(host, user))) ?? "";
    const { gapMs, timeoutMs } = phoneTiming;
    const times = { ...(gapMs === undefined ? {} : { gapMs }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return createPhone({ host, user, password: known, auth, clock, log, ...times });
  }

  async #keep({ host, user, password, remember }: PhoneLogin, info: PhoneInfo): Promise<void> {
    const { store, secrets, clock } = this.#seams;
    const lastSeenAt = new Date(clock.wallTime()).toISOString();
    saveKnownPhone(store, { host, user, model: info.model, firmware: info.firmware, mac: info.mac, lastSeenAt });
    setSetting(store, "lastPhone", { host, user });
    if (remember && password !== null) await secrets.set(secretName(host, user), password);
  }

  #showSettings(): void {
    const { info, config } = this.connected();
    const readAt = new Date(this.#seams.clock.wallTime()).toISOString();
    this.#answered({ state: "ready", info: infoOf(info), settings: readSettings(config, readAt), error: null });
  }

  #answered(part: Partial<PhoneState>): void {
    const lastAnswerAt = new Date(this.#seams.clock.wallTime()).toISOString();
    this.#seams.hub.patch("phone", { ...part, lastAnswerAt });
  }

  #refreshLater(): void {
    this.#cancelRefresh();
    this.#cancelRefresh = this.#seams.clock.after(refreshEveryMs, () => {
      void this.#refresh();
    });
  }

  async #refresh(): Promise<void> {
    if (!this.#connected || this.#atWork > 0) return;
    try {
      await this.#showStatus();
      this.#answered({ state: "ready", error: null });
    } catch (error) {
      this.#noteLost(error);
    }
    if (this.#connected) this.#refreshLater();
  }

  #noteLost(error: unknown): void {
    const shape = errorShape(error);
    if (shape.code === "link-lost" || shape.code === "device-timeout" || shape.code === "device-auth") {
      this.#seams.hub.patch("phone", { state: "lost", error: shape });
    }
  }

  #mayLeave(): void {
    if (this.#atWork > 0) throw fail("busy", "Something is under way with the door phone.");
  }

  async #forget(): Promise<void> {
    this.#cancelRefresh();
    const unit = this.#connected;
    this.#connected = null;
    await unit?.phone.close();
  }
}

function infoOf({ model, firmware, mac, auth }: PhoneInfo): {
  model: string;
  firmware: string;
  mac: string | null;
  auth: PhoneInfo["auth"];
} {
  return { model, firmware, mac, auth };
}

/** Where a unit's password lies in the key store. */
function secretName(host: string, user: string): string {
  return `phone/${host}/${user}`;
}
