import { describe, expect, it } from "vitest";
import { createMemoryFiles, fileNameSchema } from "../../src-main/api/files.ts";
import { pieces, virtualClock } from "./support.ts";

const limits = { maxFileBytes: 100, maxTotalBytes: 250, budgetMs: 1000, maxUploads: 1 };
const file = (sizeBytes: number) => new Uint8Array(sizeBytes);

describe("files in memory", () => {
  it("throws out the one that was unused for longest", () => {
    const files = createMemoryFiles(virtualClock(), limits);
    const [a, b] = [files.add("rom", "a", file(100)), files.add("rom", "b", file(100))];
    expect(files.get(a.id)?.name).toBe("a"); // now b is the older one
    const c = files.add("rom", "c", file(100));
    expect([a, b, c].map(({ id }) => files.get(id)?.name)).toEqual(["a", undefined, "c"]);
  });

  it("never throws out one in use, and says that there is no room", () => {
    const files = createMemoryFiles(virtualClock(), limits);
    const [a, b] = [files.add("rom", "a", file(100)), files.add("rom", "b", file(100))];
    const releases = [files.hold(a.id), files.hold(a.id), files.hold(b.id)];
    expect(() => files.add("rom", "c", file(100))).toThrow(expect.objectContaining({ code: "busy" }));
    expect([a, b].map(({ id }) => files.get(id)?.name)).toEqual(["a", "b"]);
    releases[0]?.();
    releases[0]?.(); // a second release of the same hold counts for nothing
    expect(() => files.add("rom", "c", file(100))).toThrow(expect.objectContaining({ code: "busy" }));
    releases[1]?.();
    files.add("rom", "c", file(100));
    expect([a, b].map(({ id }) => files.get(id)?.name)).toEqual([undefined, "b"]);
    expect(() => files.hold(a.id)).toThrow(expect.objectContaining({ code: "bad-input", field: "fileId" }));
  });

  it.each([
    { name: "too big", body: () => pieces(101, 10), code: "bad-input" },
    { name: "exactly full", body: () => pieces(100, 10), code: undefined },
    { name: "empty", body: () => pieces(0), code: undefined },
  ])("a stream that is $name", async ({ body, code }) => {
    const files = createMemoryFiles(virtualClock(), limits);
    const put = files.put("rom", "a", body().body);
    if (code) await expect(put).rejects.toMatchObject({ code });
    else expect(files.get((await put).id)?.name).toBe("a");
  });

  it("gives up a stream that stalls or breaks, and takes the next", async () => {
    const clock = virtualClock();
    const files = createMemoryFiles(clock, limits);
    let givenUp = false;
    const stalled = new ReadableStream<Uint8Array>({ cancel: () => void (givenUp = true) });
    const first = files.put("rom", "a", stalled);
    await expect(files.put("rom", "b", pieces(5).body)).rejects.toMatchObject({ code: "busy" });
    await expect(clock.run(first)).rejects.toMatchObject({ code: "bad-input" });
    expect([givenUp, clock.now()]).toEqual([true, 1000]);
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("gone")) });
    await expect(files.put("rom", "c", broken)).rejects.toMatchObject({ code: "cancelled" });
    expect((await files.put("rom", "d", pieces(5).body)).sizeBytes).toBe(5);
  });

  it.each([
    ["SR01_v1.2 (new).rom", true],
    ["Tür.rom", true],
    ["a".repeat(300), true],
    ["a".repeat(301), false],
    ["", false],
    ["../x", false],
    ["a\\b", false],
    ["a\r\nSet-Cookie: x", false],
    ["a\u0000", false],
    ["gnp\u202eexe", false],
  ])("name %j", (name, good) => {
    expect(fileNameSchema.safeParse(name).success).toBe(good);
  });
});
