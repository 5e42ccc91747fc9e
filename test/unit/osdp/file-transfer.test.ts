import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fragmentBytesFor,
  transferStart,
  transferStep,
  type TransferAction,
  type TransferState,
} from "../../../src-main/osdp/file-transfer.ts";
import type { FileStatus } from "../../../src-main/osdp/replies.ts";

const ok: FileStatus = { action: 1, delayMs: 0, detail: 0, updateMax: 0 };
const status = (change: Partial<FileStatus>) => ({ type: "status" as const, status: { ...ok, ...change } });

/** A transfer whose first `fragments` were answered "go on". */
function after(fragments: number, total = 500, receiveBytes = 128): TransferState {
  let { state } = transferStep(transferStart(total, receiveBytes, false), { type: "ready" });
  for (let i = 0; i < fragments; i++) ({ state } = transferStep(state, status({})));
  return state;
}

describe("the size of a fragment", () => {
  test.each([
    { rx: 128, plain: 108, secured: 100 },
    { rx: 256, plain: 236, secured: 228 },
    { rx: 1440, plain: 1420, secured: 1412 },
    { rx: 0, plain: 108, secured: 100 },
    { rx: 64, plain: 108, secured: 100 },
    { rx: 5000, plain: 1420, secured: 1412 },
  ])("a receiver of $rx bytes", ({ rx, plain, secured }) => {
    expect([fragmentBytesFor(rx, false), fragmentBytesFor(rx, true)]).toEqual([plain, secured]);
  });
});

describe("the answer to a fragment in the middle", () => {
  const rows: { name: string; answer: Partial<FileStatus>; action: TransferAction }[] = [
    { name: "go on", answer: {}, action: { type: "fragment", offset: 216, size: 108 } },
    {
      name: "wait, others may be asked meanwhile",
      answer: { delayMs: 500 },
      action: { type: "wait", ms: 500, poll: true, pollFirst: false },
    },
    {
      name: "wait in silence",
      answer: { delayMs: 500, action: 0 },
      action: { type: "wait", ms: 500, poll: false, pollFirst: false },
    },
    { name: "something to report", answer: { action: 5 }, action: { type: "poll" } },
    {
      name: "something to report, and wait",
      answer: { action: 5, delayMs: 10 },
      action: { type: "wait", ms: 10, poll: true, pollFirst: true },
    },
    {
      name: "leave the secure channel: not heeded",
      answer: { action: 3 },
      action: { type: "fragment", offset: 216, size: 108 },
    },
    {
      name: "processed, too early",
      answer: { detail: 1 },
      action: { type: "fail", reason: "early-end", detail: 1 },
    },
    {
      name: "rebooting, too early",
      answer: { detail: 2 },
      action: { type: "fail", reason: "early-end", detail: 2 },
    },
    {
      name: "finishing, too early: go on",
      answer: { detail: 3 },
      action: { type: "fragment", offset: 216, size: 108 },
    },
    { name: "an unknown good status", answer: { detail: 77 }, action: { type: "fragment", offset: 216, size: 108 } },
    { name: "abort", answer: { detail: -1 }, action: { type: "fail", reason: "aborted", detail: -1 } },
    { name: "not recognised", answer: { detail: -2 }, action: { type: "fail", reason: "not-recognised", detail: -2 } },
    { name: "malformed", answer: { detail: -3 }, action: { type: "fail", reason: "malformed", detail: -3 } },
    { name: "an unknown refusal", answer: { detail: -99 }, action: { type: "fail", reason: "refused", detail: -99 } },
    { name: "smaller frames", answer: { updateMax: 64 }, action: { type: "fragment", offset: 216, size: 44 } },
    { name: "tiny frames", answer: { updateMax: 21 }, action: { type: "fragment", offset: 216, size: 1 } },
    {
      name: "a size that cannot be a frame is taken as the fragment's",
      answer: { updateMax: 16 },
      action: { type: "fragment", offset: 216, size: 16 },
    },
    {
      name: "larger frames than it takes: no",
      answer: { updateMax: 1440 },
      action: { type: "fragment", offset: 216, size: 108 },
    },
  ];
  test.each(rows)("$name", ({ answer, action }) => {
    expect(transferStep(after(1), status(answer)).action).toEqual(action);
  });

  test("frames that were made smaller may grow again", () => {
    const shrunk = transferStep(after(1), status({ updateMax: 64 }));
    expect(transferStep(shrunk.state, status({ updateMax: 128 })).action).toMatchObject({ offset: 260, size: 108 });
  });
});

describe("the answer to the last byte", () => {
  const rows: { name: string; answer: Partial<FileStatus>; action: TransferAction }[] = [
    { name: "processed", answer: { detail: 1 }, action: { type: "end", outcome: "processed" } },
    { name: "rebooting", answer: { detail: 2 }, action: { type: "end", outcome: "rebooting" } },
    {
      name: "finishing",
      answer: { detail: 3, delayMs: 700 },
      action: { type: "wait", ms: 700, poll: true, pollFirst: false },
    },
    {
      name: "finishing without a pause gets a short one",
      answer: { detail: 3 },
      action: { type: "wait", ms: 100, poll: true, pollFirst: false },
    },
    { name: "go on", answer: {}, action: { type: "wait", ms: 100, poll: true, pollFirst: false } },
    { name: "refused", answer: { detail: -3 }, action: { type: "fail", reason: "malformed", detail: -3 } },
  ];
  test.each(rows)("$name", ({ answer, action }) => {
    expect(transferStep(after(4), status(answer)).action).toEqual(action);
  });

  test("idle fragments carry nothing and stand at the end", () => {
    const waiting = transferStep(after(4), status({ detail: 3 }));
    expect(transferStep(waiting.state, { type: "ready" }).action).toEqual({ type: "fragment", offset: 500, size: 0 });
  });

  test("'go on' for ever is no end: six answers, then it is said", () => {
    let step = transferStep(after(4), status({}));
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      seen.push(step.action.type);
      step = transferStep(transferStep(step.state, { type: "ready" }).state, status({}));
    }
    expect(seen).toEqual(["wait", "wait", "wait", "wait", "wait", "fail"]);
  });
});

test("whatever sizes and wishes: the receiver gets exactly the file, no fragment is larger than allowed", () => {
  const wishes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 })), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6000 }),
      fc.integer({ min: 0, max: 2000 }),
      fc.boolean(),
      wishes,
      (total, rx, secured, updates) => {
        let { state, action } = transferStep(transferStart(total, rx, secured), { type: "ready" });
        let received = 0;
        let limit = fragmentBytesFor(rx, secured);
        for (let i = 0; action.type !== "end"; i++) {
          if (action.type !== "fragment") throw new Error(action.type);
          expect(action.offset).toBe(received);
          expect(action.size).toBeLessThanOrEqual(limit);
          expect(action.size).toBeGreaterThan(0);
          received += action.size;
          const updateMax = updates[i] ?? 0;
          if (updateMax > 0) limit = Math.min(fragmentBytesFor(rx, secured), updateMax);
          ({ state, action } = transferStep(state, status({ updateMax, detail: received === total ? 1 : 0 })));
        }
        expect(received).toBe(total);
      },
    ),
    { numRuns: 300 },
  );
});
