import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { listAudit } from "../../src-main/records/audit.ts";
import { handBackSteps } from "../../src-main/services/model/app.ts";
import { Once } from "../../src-main/services/once.ts";
import { Safety } from "../../src-main/services/safety.ts";
import { fail } from "../../src-main/lib/errors.ts";
import { settle } from "./harness.ts";
import { codeOf, makeHub, makeSeams } from "./world.ts";

function makeSafety() {
  const clock = new VirtualClock(settle);
  const seams = makeSeams(clock);
  return { clock, seams, safety: new Safety(seams) };
}

describe("arming", () => {
  test("one page at a time, for 10 s", async () => {
    const { clock, seams, safety } = makeSafety();
    safety.arm("page-one");
    expect(seams.hub.get("safety").armed?.pageId).toBe("page-one");
    expect(codeOf(() => safety.arm("page-two"))).toBe("busy");
    expect(
      codeOf(() => {
        safety.usePress("page-two");
      }),
    ).toBe("bad-input");
    safety.disarm("page-two");
    expect(seams.hub.get("safety").armed?.pageId).toBe("page-one");
    await clock.advance(10_000);
    expect(seams.hub.get("safety").armed).toBeNull();
    expect(
      codeOf(() => {
        safety.usePress("page-one");
      }),
    ).toBe("bad-input");
    expect(codeOf(() => safety.arm("page-two"))).toBeNull();
  });

  test("a press uses it up", () => {
    const { safety } = makeSafety();
    safety.arm("page-one");
    safety.usePress("page-one");
    expect(
      codeOf(() => {
        safety.usePress("page-one");
      }),
    ).toBe("bad-input");
    expect(codeOf(() => safety.arm("page-two"))).toBeNull();
  });

  test("arming again begins the 10 s anew", async () => {
    const { clock, safety } = makeSafety();
    safety.arm("page-one");
    await clock.advance(9000);
    safety.arm("page-one");
    await clock.advance(9000);
    expect(
      codeOf(() => {
        safety.usePress("page-one");
      }),
    ).toBeNull();
  });
});

describe("a door that may be open", () => {
  test("is told over a restart until somebody saw it shut; the audit says who", () => {
    const { seams, safety } = makeSafety();
    safety.mayBeOpen("a", "Front door", "pulse");
    safety.mayBeOpen("a", "Front door", "pulse");
    safety.mayBeOpen("b", "Gate", "bistable");
    const again = { ...seams, hub: makeHub() };
    const later = new Safety(again);
    expect(again.hub.get("safety").mayBeOpen.map((one) => one.id)).toEqual(["a", "b"]);
    later.seenShut("a");
    later.seenShut("a");
    expect(again.hub.get("safety").mayBeOpen.map((one) => one.id)).toEqual(["b"]);
    expect(listAudit(seams.store, 0, 9)).toMatchObject([{ who: "tester", what: "seen shut", facts: { id: "a" } }]);
  });
});

describe("handing a door back", () => {
  test("every step is ticked by a person, over a restart; then it is done", () => {
    const { seams, safety } = makeSafety();
    safety.workedAt("Front door");
    for (const step of handBackSteps.slice(0, 3)) safety.tick(step);
    const hub = makeHub();
    const later = new Safety({ ...seams, hub });
    expect(hub.get("safety").handBack).toEqual({ door: "Front door", done: handBackSteps.slice(0, 3) });
    for (const step of handBackSteps.slice(3)) later.tick(step);
    expect(hub.get("safety").handBack).toBeNull();
    expect(
      codeOf(() => {
        later.tick("seen-shut");
      }),
    ).toBe("bad-input");
  });

  test("work at the same door again unticks everything", () => {
    const { seams, safety } = makeSafety();
    safety.workedAt("Front door");
    safety.tick("laptop-off");
    safety.workedAt("Front door");
    expect(seams.hub.get("safety").handBack).toEqual({ door: "Front door", done: [] });
  });
});

describe("one-time ids", () => {
  test("a repeat gets the first answer and does nothing", () => {
    const once = new Once();
    let done = 0;
    const work = () => `job ${String(++done)}`;
    expect([once.run("a", "pulse", work), once.run("a", "pulse", work), once.run("b", "pulse", work)]).toEqual([
      ...["job 1", "job 1", "job 2"],
    ]);
  });
  test("the id of another call is refused", () => {
    const once = new Once();
    once.run("a", "pulse", () => 1);
    expect(codeOf(() => once.run("a", "trigger", () => 2))).toBe("bad-input");
  });
  test("a call that was refused may be made again with its id", () => {
    const once = new Once();
    expect(
      codeOf(() =>
        once.run("a", "pulse", () => {
          throw fail("bad-input", "Arm first.");
        }),
      ),
    ).toBe("bad-input");
    expect(once.run("a", "pulse", () => "now")).toBe("now");
  });
  test("old ids make room", () => {
    const once = new Once();
    for (let i = 0; i <= 1000; i++) once.run(`id ${String(i)}`, "pulse", () => i);
    expect(once.run("id 1", "pulse", () => -1)).toBe(1);
    expect(once.run("id 0", "pulse", () => -1)).toBe(-1);
  });
});
