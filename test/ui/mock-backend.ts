import type { TopicName } from "../../src-main/api/contract.ts";
import type { TopicStates } from "../../src-main/services/model/topics.ts";
import type { JobSnapshot } from "../../src-renderer/types.ts";
import { identity, image, job, quietTopics, settings } from "./samples.ts";

/** A canned main side: just enough that every view can be looked at. It proves nothing about the real one. */
export interface MockBackend {
  readonly topics: TopicStates;
  set<T extends TopicName>(topic: T, part: Partial<NonNullable<TopicStates[T]>>): void;
  call(name: string, input: Record<string, unknown>): object;
}

type Input = Record<string, unknown>;

/** Creates it; `changed` hears the name of every topic that changes. */
export function createMockBackend(changed: (topic: TopicName) => void): MockBackend {
  const topics = quietTopics();
  let count = 0;
  const set: MockBackend["set"] = (topic, part) => {
    topics[topic] = { ...topics[topic], ...part } as (typeof topics)[typeof topic];
    changed(topic);
  };
  const put = (next: JobSnapshot): void => {
    set("jobs", { jobs: [next, ...topics.jobs.jobs.filter((one) => one.id !== next.id)] });
  };
  const run = (kind: JobSnapshot["kind"], ms: number, end: () => JobSnapshot["result"]): { jobId: string } => {
    const id = `job-${String(++count)}`;
    put(job({ id, kind }));
    setTimeout(() => put(job({ id, kind, state: "done", result: end() })), ms);
    return { jobId: id };
  };
  const now = (): string => new Date().toISOString();
  const flash = (): { jobId: string } => {
    const id = `job-${String(++count)}`;
    let sent = 0;
    const step = (): void => {
      sent = Math.min(65_600, sent + 1_900);
      const progress = {
        phase: "transfer",
        sentBytes: sent,
        totalBytes: 65_600,
        bytesPerSecond: 920,
        etaSeconds: (65_600 - sent) / 920,
        repeats: 2,
      };
      put(job({ id, kind: "flash", progress, about: { file: image.name, unit: "01020304" } }));
      if (sent < 65_600) setTimeout(step, 60);
      else setTimeout(() => put(flashEnd(id)), 200);
    };
    step();
    return { jobId: id };
  };
  const write = (input: Input): { jobId: string } => {
    const changes = plan(input["changes"] as Record<string, string>).changes;
    const result = { type: "write", changes, written: true, readBack: "equal", differing: [], restored: null } as const;
    return run("phone.write", 600, () => (set("phone", { canUndo: true }), { ...result, differing: [] }));
  };
  const answers: Record<string, (input: Input) => object> = {
    "training.enter": () => {
      const bench = {
        portPath: "training",
        phoneHost: "127.0.0.1:8099",
        phoneUser: "admin",
        phonePassword: "practice",
      };
      set("app", { training: true, trainingBench: bench, door: null });
      return {};
    },
    "training.leave": () => (set("app", { training: false, trainingBench: null }), {}),
    "app.setDoor": (input) => (set("app", { door: { site: String(input["site"]), door: String(input["door"]) } }), {}),
    "training.image": () => image,
    "ports.refresh": () => topics.adapters,
    "line.open": (input) =>
      run("line.open", 500, () => {
        const mode = input["mode"] as "bench";
        set("line", { state: "open", mode, path: String(input["path"]), baud: 9600, address: 0, lastAnswerAt: now() });
        return { type: "line", heardBytes: 0 };
      }),
    "sr01.identify": () =>
      run("sr01.identify", 200, () => {
        const status = { outputs: [0], inputs: [0, 0], tamper: false, powerFailure: false };
        set("line", { identity, online: true, status, lastAnswerAt: now() });
        return { type: "identity", identity };
      }),
    "line.close": () => (set("line", quietTopics().line), {}),
    "sr01.pulse": (input) => {
      const move = (on: number): void =>
        set("line", { status: { outputs: [on], inputs: [0, on], tamper: false, powerFailure: false } });
      setTimeout(() => move(1), 100);
      setTimeout(() => move(0), 1000 * Number(input["seconds"]));
      return run("sr01.output", 200, () => ({ type: "output", output: 0, command: "pulse", outputs: [1] }));
    },
    "phone.connect": (input) =>
      run("phone.connect", 400, () => {
        const info = { model: "X916S", firmware: "916.30.10.114", mac: "0C:11:05:00:00:01", auth: "digest" } as const;
        const status = { relays: { A: 0, B: 0 }, inputs: {} };
        set("phone", { state: "ready", host: String(input["host"]), info, settings, status, lastAnswerAt: now() });
        return { type: "phone", info };
      }),
    "phone.disconnect": () => (set("phone", quietTopics().phone), {}),
    "phone.known": () => ({ phones: [] }),
    "phone.review": (input) => plan(input["changes"] as Record<string, string>),
    "phone.write": write,
    "phone.trigger": (input) => {
      const relay = input["relay"] as "A";
      setTimeout(() => set("phone", { status: { relays: { A: 1, B: 0 }, inputs: {} } }), 150);
      setTimeout(() => set("phone", { status: { relays: { A: 0, B: 0 }, inputs: {} } }), 1500);
      return run("phone.trigger", 100, () => ({ type: "trigger", relay, accepted: true }));
    },
    "flash.check": () => image,
    "flash.start": flash,
    files: () => ({ id: image.fileId, sha256: image.sha256, sizeBytes: image.sizeBytes }),
    "jobs.history": () => topics.jobs,
    "jobs.get": (input) => topics.jobs.jobs.find((one) => one.id === input["id"]) ?? {},
    "trigger.arm": (input) => {
      const until = new Date(Date.now() + 10_000).toISOString();
      set("safety", { armed: { pageId: String(input["pageId"]), until } });
      return { until };
    },
    "trigger.disarm": () => (set("safety", { armed: null }), {}),
    "safety.seenShut": () => (set("safety", { mayBeOpen: [] }), {}),
  };
  return { topics, set, call: (name, input) => answers[name]?.(input) ?? {} };
}

function flashEnd(id: string): JobSnapshot {
  const flash = {
    fileBytes: 65_600,
    seconds: 71.3,
    efficiency: 0.958,
    fragmentBytes: 1428,
    firmwareBefore: "1.2.3",
    firmwareAfter: "1.2.4",
    verified: true,
  };
  return job({ id, kind: "flash", state: "done", result: { type: "flash", flash } });
}

function plan(changes: Record<string, string>) {
  const list = Object.entries(changes).map(([field, value]) => {
    const now = settings.fields[field];
    const danger = field.endsWith(".mode") ? "mode" : null;
    return {
      field,
      key: now?.key ?? "",
      mark: now?.mark ?? ("UNKNOWN" as const),
      old: now?.value ?? "",
      new: value,
      danger,
    };
  });
  const holds = list
    .filter((change) => change.danger !== null)
    .map((change) => change.field.replace("mode", "holdDelay"));
  return { changes: list, problems: [], warnings: holds.length > 0 ? [{ code: "hold-no-effect", fields: holds }] : [] };
}
