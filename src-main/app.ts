import { createHandlers } from "./api/handlers.ts";
import { createHandler } from "./api/http.ts";
import { createRouter } from "./api/router.ts";
import type { FileStore } from "./api/files.ts";
import { Hub } from "./services/hub.ts";
import { closedLine } from "./services/line-work.ts";
import type { AppState } from "./services/model/app.ts";
import { noPhone } from "./services/phone-work.ts";
import type { Seams } from "./services/seams.ts";
import type { TrainingBench } from "./services/training.ts";
import { Worlds } from "./services/worlds.ts";

/** What a host hands in: the real seams, and the simulators as factories. */
export interface AppOptions {
  version: string;
  host: AppState["host"];
  seams: Omit<Seams, "hub">;
  files: FileStore;
  startTraining(): Promise<TrainingBench>;
  trainingSeams(bench: TrainingBench): Omit<Seams, "hub">;
  readOnly: boolean;
  stillRuns(owner: string): boolean;
}

/** The whole program behind one function. */
export interface App {
  /** Answers every request of the page; never rejects. */
  readonly handler: (request: Request) => Promise<Response>;
  readonly hub: Hub;
  /** Enters Training at once, as `--training` does. */
  enterTraining(): Promise<void>;
  /** How many jobs run: a host asks before it closes. */
  runningJobs(): number;
  /** Ends all work and gives everything back. */
  close(): Promise<void>;
}

/** The composition root: wires services, worlds and the request handler. The hosts only call it. */
export async function createApp(options: AppOptions): Promise<App> {
  const { version, host, readOnly, files } = options;
  const secrets = { available: false, reason: null };
  const hub = new Hub({
    app: { version, host, training: false, trainingBench: null, door: null, secrets, readOnly, openWork: [] },
    adapters: { ports: [], error: null },
    line: closedLine,
    phone: noPhone,
    jobs: { jobs: [] },
    safety: { mayBeOpen: [], handBack: null, armed: null },
    training: null,
  });
  const worlds = new Worlds({
    ...{ hub, files, readOnly, real: { ...options.seams, hub } },
    startTraining: () => options.startTraining(),
    trainingSeams: (bench) => ({ ...options.trainingSeams(bench), hub }),
    stillRuns: (owner) => options.stillRuns(owner),
  });
  const closing = new AbortController();
  const { log, clock } = options.seams;
  const router = createRouter(createHandlers(worlds, hub, files), log);
  const handler = createHandler({ router, hub, files, log, clock, signal: closing.signal });
  await worlds.begin();
  return {
    handler,
    hub,
    enterTraining: () => worlds.enterTraining(),
    runningJobs: () => worlds.current.jobs.runningCount,
    close: async () => {
      closing.abort();
      await worlds.close();
    },
  };
}
