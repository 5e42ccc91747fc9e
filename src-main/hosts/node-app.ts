import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../package.json";
import { createApp, type App, type AppOptions } from "../app.ts";
import { createMemoryFiles } from "../api/files.ts";
import { systemClock } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import { defaultDeviceTiming } from "../osdp/device.ts";
import { defaultTiming } from "../osdp/wire.ts";
import { memorySecrets } from "../records/secrets.ts";
import type { Seams } from "../services/seams.ts";
import { startTrainingBench } from "../sim/training-bench.ts";
import { createFileLog, type FileLog } from "./log.ts";
import { systemRandomBytes } from "./random-bytes.ts";
import { ownerName, ownerRuns } from "./owner.ts";
import { openSecrets } from "./secrets/key-store.ts";
import { systemPorts } from "./serial/ports.ts";
import { createPage } from "./static.ts";
import { claimWindow } from "./store/claim-window.ts";
import { openMemoryStore, openStore } from "./store/sqlite-store.ts";

/** Listening before the first byte, ms. */
const listenMs = 2000;
/** In Training nobody else can be on the line; a short look keeps the step visible. */
const trainingListenMs = 400;

/** How a host starts the program. */
export interface NodeAppOptions {
  dataDir: string;
  host: AppOptions["host"];
}

/** The program with its page and its log file. `page` serves the built page. */
export interface NodeApp extends App {
  readonly page: (request: Request) => Promise<Response>;
  /** Folder of the built page. */
  readonly pageDir: string;
  readonly log: FileLog;
}

/** The real side of every seam, for Electron and the web host alike. Throws when the records cannot be opened. */
export async function createNodeApp({ dataDir, host }: NodeAppOptions): Promise<NodeApp> {
  const pageDir = findPage();
  const claim = claimWindow(dataDir);
  const log = createFileLog(dataDir, "info");
  const store = openStore(dataDir, { log });
  const seams: Omit<Seams, "hub"> = {
    ...{ clock: systemClock, log, store, secrets: openSecrets({ dataDir, log }) },
    ...{ who: userName(), owner: ownerName(), newId: () => randomUUID(), randomBytes: systemRandomBytes, listenMs },
    ...{ wireTiming: defaultTiming, deviceTiming: defaultDeviceTiming, phoneTiming: {} },
    ports: systemPorts(log),
  };
  const app = await createApp({
    ...{ version, host, seams, files: createMemoryFiles(systemClock), readOnly: claim.readOnly, stillRuns: ownerRuns },
    startTraining: () => startTrainingBench(systemClock, setImmediate),
    trainingSeams: (bench) => ({
      ...{
        ...seams,
        ports: bench.ports,
        store: openMemoryStore(),
        secrets: memorySecrets(),
        listenMs: trainingListenMs,
      },
    }),
  });
  return {
    ...app,
    log,
    pageDir,
    page: createPage(pageDir),
    close: async () => {
      await app.close();
      store.close();
      claim.release();
      log.close();
    },
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Some containers run under a number without a name.
    return hostname();
  }
}

/** Where the built page lies: beside the built main side, however deep this module ended up in it. */
function findPage(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 6; up++) {
    for (const candidate of [join(dir, "renderer"), join(dir, "out", "renderer")]) {
      if (existsSync(join(candidate, "index.html"))) return candidate;
    }
    dir = dirname(dir);
  }
  throw fail("bug", "The page is not built. Run: npm run build");
}
