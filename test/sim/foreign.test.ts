import { expect, test } from "vitest";
import { OSTAT } from "../../src-main/osdp/commands.ts";
import { makeSim } from "./harness.ts";

/** Somebody's bytes arrive 5 ms after each of our first commands, before the unit answers. */
async function talkedInto(rubbish: Uint8Array, times: number) {
  const { device, clock, line, bus, sent } = makeSim();
  await clock.run(device.start());
  let left = times;
  bus.wire.onTrace(({ direction }) => {
    if (direction === "sent" && left-- > 0)
      clock.after(12, () => {
        line.a.deliver(rubbish);
      });
  });
  const ends: string[] = [];
  for (let n = 0; n < 5; n++) {
    ends.push(
      await clock.run(
        device.request(OSTAT, {}).then(
          () => "ok",
          (error: { code: string }) => error.code,
        ),
      ),
    );
  }
  return { ends, stopped: bus.wire.stopped?.code ?? null, sent: sent.length };
}

const text = new TextEncoder().encode("hello");

test("a talker that is no OSDP, heard in our exchanges: we stop sending", async () => {
  const { ends, stopped, sent } = await talkedInto(text, 9);
  expect(stopped).toBe("busy");
  expect(ends.slice(-2)).toEqual(["busy", "busy"]);
  // ID and CAP of the start, then at most the two exchanges that were talked into.
  expect(sent).toBeLessThanOrEqual(4);
});

test.each([
  { name: "once is a glitch", rubbish: text, times: 1 },
  { name: "three bytes each time are a turn-around glitch", rubbish: text.slice(0, 3), times: 9 },
  { name: "marks are nothing", rubbish: new Uint8Array(9).fill(0xff), times: 9 },
])("$name: we go on", async ({ rubbish, times }) => {
  const { ends, stopped } = await talkedInto(rubbish, times);
  expect(stopped).toBeNull();
  expect(ends).toEqual(["ok", "ok", "ok", "ok", "ok"]);
});
