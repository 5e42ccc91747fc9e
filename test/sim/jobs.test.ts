import { describe, expect, test } from "vitest";
import { sleep } from "../../src-main/lib/clock.ts";
import { fail } from "../../src-main/lib/errors.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { getJob } from "../../src-main/records/jobs.ts";
import { listAudit } from "../../src-main/records/audit.ts";
import { Jobs, type JobContext } from "../../src-main/services/jobs.ts";
import { dismissWork, workLeft } from "../../src-main/services/work-left.ts";
import type { Store } from "../../src-main/records/store.ts";
import { settle } from "./harness.ts";
import { codeOf, makeSeams } from "./world.ts";

const done = { type: "line", heardBytes: 0 } as const;

function makeJobs(change: (store: Store) => Store = (store) => store) {
  const clock = new VirtualClock(settle);
  const seams = makeSeams(clock);
  const all = { ...seams, store: change(seams.store) };
  return { clock, seams: all, jobs: new Jobs(all) };
}

describe("jobs", () => {
  test("start answers at once, the state comes as snapshots, the record says how it ended", async () => {
    const { clock, seams, jobs } = makeJobs();
    const id = jobs.start("line.open", { port: "x" }, async (job) => {
      job.progress({ phase: "listen" });
      await sleep(clock, 1000);
      return done;
    });
    expect(seams.hub.get("jobs").jobs[0]).toMatchObject({
      id,
      state: "running",
      about: { port: "x" },
      cancellable: true,
    });
    expect(getJob(seams.store, id)?.state).toBe("running");
    const end = await clock.run(jobs.ended(id));
    expect(end).toMatchObject({ state: "done", result: done, error: null, cancellable: false });
    expect(getJob(seams.store, id)).toMatchObject({ state: "done", result: done, phase: "listen" });
    expect(listAudit(seams.store, 0, 9).map((entry) => entry.what)).toEqual(["start line.open", "done line.open"]);
    expect(jobs.runningCount).toBe(0);
  });

  test("snapshots of progress go out at most ten times a second, the last one always", async () => {
    const { clock, seams, jobs } = makeJobs();
    let told = 0;
    const id = jobs.start("flash", {}, async (job) => {
      for (let i = 1; i <= 1000; i++) {
        job.progress({ phase: "transfer", sentBytes: i });
        await sleep(clock, 3);
      }
      return done;
    });
    seams.hub.onChange((topic) => {
      if (topic === "jobs") told += 1;
    });
    await clock.run(jobs.ended(id));
    expect(told).toBeGreaterThan(25);
    expect(told).toBeLessThanOrEqual(33);
    expect(jobs.get(id).progress).toMatchObject({ sentBytes: 1000 });
  });

  test.each([
    { name: "an error of ours", error: fail("device-timeout", "No answer."), state: "failed", code: "device-timeout" },
    { name: "a cancel", error: fail("cancelled", "Stopped."), state: "cancelled", code: "cancelled" },
    { name: "a mistake of ours", error: new TypeError("x is undefined"), state: "failed", code: "bug" },
  ])("$name becomes the job's error", async ({ error, state, code }) => {
    const { clock, seams, jobs } = makeJobs();
    const id = jobs.start("sr01.identify", {}, () => Promise.reject(error));
    expect(await clock.run(jobs.ended(id))).toMatchObject({ state, error: { code }, result: null });
    expect(getJob(seams.store, id)).toMatchObject({ state, error: { code } });
  });

  test("a result beside the error is kept", async () => {
    const { clock, jobs } = makeJobs();
    const id = jobs.start("line.open", {}, () => Promise.resolve({ result: done, error: fail("not-verified", "No.") }));
    expect(await clock.run(jobs.ended(id))).toMatchObject({
      state: "failed",
      result: done,
      error: { code: "not-verified" },
    });
  });

  test("cancel ends the work, once it is committed it is refused", async () => {
    const { clock, jobs } = makeJobs();
    const waiting = async (job: JobContext, commit: boolean) => {
      if (commit) job.committed();
      await sleep(clock, 5000, job.signal);
      return done;
    };
    const [free, bound] = [false, true].map((commit) => jobs.start("flash", {}, (job) => waiting(job, commit)));
    jobs.cancel(free ?? "");
    expect(
      codeOf(() => {
        jobs.cancel(bound ?? "");
      }),
    ).toBe("busy");
    expect((await clock.run(jobs.ended(free ?? ""))).state).toBe("cancelled");
    expect((await clock.run(jobs.ended(bound ?? ""))).state).toBe("done");
    expect(
      codeOf(() => {
        jobs.cancel(bound ?? "");
      }),
    ).toBeNull();
    expect(
      codeOf(() => {
        jobs.cancel("nobody");
      }),
    ).toBe("bad-input");
  });

  test("closing ends everything, committed or not, and waits", async () => {
    const { clock, jobs } = makeJobs();
    const id = jobs.start("flash", {}, async (job) => {
      job.committed();
      await sleep(clock, 60_000, job.signal);
      return done;
    });
    await clock.run(jobs.close());
    expect(jobs.get(id).state).toBe("cancelled");
  });

  test("a store that is full does not end work under way", async () => {
    let full = false;
    const { clock, jobs } = makeJobs((store) => ({
      ...store,
      run: (sql, ...params) => {
        if (full) throw fail("bad-input", "The disk is full.", { field: "data" });
        return store.run(sql, ...params);
      },
    }));
    const id = jobs.start("flash", {}, async (job) => {
      full = true;
      job.progress({ phase: "transfer", sentBytes: 1 });
      await sleep(clock, 600);
      job.progress({ phase: "finish", sentBytes: 2 });
      return done;
    });
    expect(await clock.run(jobs.ended(id))).toMatchObject({ state: "done", result: done, error: null });
  });

  test("work that cannot be written down is not begun", () => {
    const { jobs } = makeJobs((store) => ({
      ...store,
      durable: () => {
        throw fail("bad-input", "The disk is full.", { field: "data" });
      },
    }));
    let begun = false;
    expect(
      codeOf(() =>
        jobs.start("flash", {}, () => {
          begun = true;
          return Promise.resolve(done);
        }),
      ),
    ).toBe("bad-input");
    expect([begun, jobs.runningCount]).toEqual([false, 0]);
  });

  test("at most fifty in the topic, running ones first", async () => {
    const { clock, seams, jobs } = makeJobs();
    for (let i = 0; i < 60; i++) await clock.run(jobs.ended(jobs.start("phone.read", {}, () => Promise.resolve(done))));
    const running = jobs.start("flash", {}, async (job) => sleep(clock, 9e5, job.signal).then(() => done));
    const { jobs: shown } = seams.hub.get("jobs");
    expect([shown.length, shown[0]?.id]).toEqual([50, running]);
    await clock.run(jobs.close());
  });
});

test("work that an earlier run left is told until a person read it; living work is not", () => {
  const { seams, jobs } = makeJobs();
  const earlier = new Jobs({ ...seams, owner: "earlier run" });
  const other = new Jobs({ ...seams, owner: "other window" });
  const forever = () => new Promise<never>(() => undefined);
  const left = earlier.start("flash", { file: "a.rom" }, forever);
  other.start("flash", {}, forever);
  jobs.start("flash", {}, forever);
  const look = () => workLeft(seams, (owner) => owner === "other window");
  expect(look()).toMatchObject([{ id: left, kind: "flash", about: { file: "a.rom" } }]);
  dismissWork(seams, left);
  expect(look()).toEqual([]);
});
