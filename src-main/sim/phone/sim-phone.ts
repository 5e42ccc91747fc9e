import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { z } from "zod";
import { toHex } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { fail } from "../../lib/errors.ts";
import { Listeners } from "../../lib/listeners.ts";
import type { SimPhoneEvent, SimPhoneState } from "./core.ts";
import { createCore } from "./core.ts";
import { createSimLogin } from "./login.ts";
import { createServe } from "./serve.ts";
import type { SimPhoneFaults, SimPhoneSettings } from "./settings.ts";
import { simPhoneFileSchema, simPhoneSettingsSchema } from "./settings.ts";
import { createSimUnit } from "./unit.ts";

/** A running simulated door phone. */
export interface SimPhone {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  state(): SimPhoneState;
  /** Replaces all faults; what is left out is healthy. */
  setFaults(faults: Partial<SimPhoneFaults>): void;
  /** As if a person changed a setting in the unit's own page. */
  setConfig(key: string, value: string): void;
  /** Pulls and returns the power. */
  powerCycle(): void;
  onEvent(fn: (event: SimPhoneEvent) => void): () => void;
  /** Ends the server and all connections. Safe to call twice. */
  close(): Promise<void>;
}

/** `listen`: `HOST:PORT`, port 0 for any. `onSecurityRelay`: the cable to a simulated SR01, with letter and seconds. */
export interface SimPhoneOptions {
  readonly clock: Clock;
  readonly listen?: string;
  readonly settings?: Partial<SimPhoneSettings>;
  readonly faults?: Partial<SimPhoneFaults>;
  readonly randomHex?: () => string;
  readonly onSecurityRelay?: (letter: "A" | "B", seconds: number) => void;
}

/** Starts a simulated door phone. Throws `bad-input` for an unknown model or an address that is none, `busy` for a taken port. */
export async function createSimPhone(options: SimPhoneOptions): Promise<SimPhone> {
  const { clock } = options;
  const settings = simPhoneSettingsSchema.parse(options.settings ?? {});
  const unit = createSimUnit(settings);
  const events = new Listeners<[SimPhoneEvent]>();
  const randomHex = options.randomHex ?? ((): string => toHex(randomBytes(16)));
  const core = createCore({
    clock,
    settings,
    unit,
    faults: options.faults ?? {},
    tell: (event) => {
      events.emit(event);
    },
    onSecurityRelay: options.onSecurityRelay ?? ((): void => undefined),
  });
  const serve = createServe(core, createSimLogin(settings, clock, randomHex));
  const server = createServer({ keepAlive: false, requestTimeout: 30_000 }, (request, response) => {
    serve(request, response).catch(() => {
      response.destroy();
    });
  });
  server.maxConnections = 64;
  const { host, port } = await listen(server, options.listen ?? "127.0.0.1:0");
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      core.stop();
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`,
    host,
    port,
    state: core.state,
    setFaults: core.setFaults,
    setConfig: (key, value) => unit.config.set(key, value),
    powerCycle: core.reboot,
    onEvent: (fn) => events.add(fn),
    close: () => (closing ??= close()),
  };
}

/**
 * Reads the JSON text of a faults file: settings and faults side by side. Throws `bad-input` naming the first entry that
 * is wrong.
 */
export function parseSimPhoneFile(text: string): {
  settings: Partial<SimPhoneSettings>;
  faults: Partial<SimPhoneFaults>;
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail("bad-input", "The faults file is not JSON.", { field: "faults", cause });
  }
  const checked = simPhoneFileSchema.safeParse(value);
  if (!checked.success)
    throw fail("bad-input", `The faults file is wrong: ${z.prettifyError(checked.error).slice(0, 300)}`, {
      field: "faults",
    });
  const inSettings = (name: string): boolean => name in simPhoneSettingsSchema.shape;
  const given = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const part = (wanted: boolean): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(checked.data).filter(([name]) => given.includes(name) && inSettings(name) === wanted),
    );
  return { settings: part(true), faults: part(false) };
}

function listen(server: Server, address: string): Promise<{ host: string; port: number }> {
  const found = /^(.+):(\d{1,5})$/.exec(address);
  const wanted = { host: (found?.[1] ?? "").replace(/^\[(.*)\]$/, "$1"), port: Number(found?.[2]) };
  if (!found || wanted.port > 65_535)
    return Promise.reject(fail("bad-input", "Give the address to listen at as HOST:PORT.", { field: "listen" }));
  return new Promise((resolve, reject) => {
    server.once("error", (cause: Error & { code?: string }) => {
      const taken = cause.code === "EADDRINUSE";
      const words = taken ? `Port ${String(wanted.port)} is taken.` : `Cannot listen at ${address}.`;
      reject(fail(taken ? "busy" : "bad-input", words, { field: "listen", cause }));
    });
    server.listen(wanted.port, wanted.host, () => {
      const bound = server.address();
      resolve({ host: wanted.host, port: typeof bound === "object" && bound ? bound.port : wanted.port });
    });
  });
}
