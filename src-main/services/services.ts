import { measuredAllowanceMs, watchAdapters } from "./adapters.ts";
import { FlashWork, type FileSource } from "./flash-work.ts";
import { Jobs } from "./jobs.ts";
import { LineWork } from "./line-work.ts";
import { Lines } from "./lines.ts";
import { Once } from "./once.ts";
import { OutputWork } from "./output-work.ts";
import { PhoneWork } from "./phone-work.ts";
import { PhoneWrites } from "./phone-writes.ts";
import { Safety } from "./safety.ts";
import type { Seams } from "./seams.ts";

/** All services of one world: the real one, or Training. They share one set of seams and nothing else. */
export interface Services {
  readonly seams: Seams;
  readonly jobs: Jobs;
  readonly safety: Safety;
  readonly line: LineWork;
  readonly outputs: OutputWork;
  readonly flash: FlashWork;
  readonly phone: PhoneWork;
  readonly phoneWrites: PhoneWrites;
  /** Stops all work, gives back every port and connection. */
  close(): Promise<void>;
}

/** Wires the services of one world. Resets the topics that they own. */
export function createServices(seams: Seams, files: FileSource): Services {
  const jobs = new Jobs(seams);
  const once = new Once();
  const safety = new Safety(seams);
  const allowanceMs = (path: string): number | null => measuredAllowanceMs(seams, path);
  const lines = new Lines(seams.ports, { ...seams, allowanceMs });
  const line = new LineWork(seams, lines, jobs, safety);
  const outputs = new OutputWork(seams, line, jobs, safety, once);
  const flash = new FlashWork(seams, line, jobs, once, files);
  const phone = new PhoneWork(seams, jobs);
  const phoneWrites = new PhoneWrites(seams, phone, jobs, safety, once);
  seams.hub.set("jobs", { jobs: [] });
  const stopWatching = watchAdapters(seams);
  const close = async (): Promise<void> => {
    stopWatching();
    await jobs.close();
    await line.shutDown();
    await lines.close();
    await phone.shutDown();
    safety.close();
  };
  return { seams, jobs, safety, line, outputs, flash, phone, phoneWrites, close };
}
