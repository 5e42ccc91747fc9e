import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import { button, connectPhone, goTo } from "./steps.ts";

afterAll(closeBrowser);

/**
 * A line between browser and host that forwards everything. The first request of the wanted call is forwarded too, but
 * when its answer comes, both ends are closed and the browser is left without one, on a connection it had used before.
 */
async function startCutter(call: string) {
  let target = 0;
  const bodies: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((browser) => {
    const host = connect(target, "127.0.0.1");
    let requests = 0;
    let mute = false;
    let asking = "";
    sockets.add(browser).add(host);
    for (const socket of [browser, host]) socket.on("error", () => undefined);
    browser.on("close", () => host.destroy());
    host.on("close", () => browser.destroy());
    browser.on("data", (chunk) => {
      asking += chunk.toString("latin1");
      const started = /^POST (\S+) HTTP/.exec(asking) ?? /^GET (\S+) HTTP/.exec(asking);
      const body = asking.split("\r\n\r\n")[1] ?? "";
      const length = Number(/content-length: (\d+)/i.exec(asking)?.[1] ?? 0);
      if (started && body.length >= length) {
        requests += 1;
        if (started[1] === `/api/${call}`) {
          bodies.push(body);
          mute = bodies.length === 1 && requests > 1;
        }
        asking = "";
      }
      host.write(chunk);
    });
    host.on("data", (chunk) => {
      if (mute) browser.end(() => host.destroy());
      else browser.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    /** What the browser sent for the call, each time it sent it. */
    bodies,
    towards: (port: number) => (target = port),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it("moves the relay once when a reused connection closes unanswered and the browser sends the press again", async () => {
  const cutter = await startCutter("phone.trigger");
  try {
    // The browser asks for the host's own address, so Host and Origin are right; its packets take the way through the cutter.
    const browserArgs = ({ port }: { port: number }): string[] => {
      cutter.towards(port);
      return [`--host-resolver-rules=MAP 127.0.0.1:${String(port)} 127.0.0.1:${String(cutter.port)}`];
    };
    await journey({ browserArgs }, async ({ page, host }) => {
      const watch = await host.watch();
      await connectPhone(page);
      await goTo(page, "live/trigger");
      await button(page, "Arm for 10 seconds").click();
      await button(page, "Open Practice door, Relay A, now").click();
      await page.getByText("The door phone accepted: Relay A").waitFor();
      expect(cutter.bodies).toHaveLength(2);
      expect(cutter.bodies[1]).toBe(cutter.bodies[0]);
      const { jobs } = await host.call("jobs.history", { limit: 50 });
      expect(jobs.filter((job) => job.kind === "phone.trigger")).toMatchObject([{ state: "done" }]);
      const levels = watch.told("training").map((bench) => bench?.phoneRelays["A"] ?? 0);
      expect(levels.filter((level, i) => level === 1 && levels[i - 1] === 0)).toHaveLength(1);
    });
  } finally {
    cutter.close();
  }
});
