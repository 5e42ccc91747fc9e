import { afterEach } from "vitest";
import { systemClock } from "../../../src-main/lib/clock.ts";
import { silentLog } from "../../../src-main/lib/log.ts";
import { ToolkitError } from "../../../src-main/lib/errors.ts";
import type { Phone, PhoneOptions } from "../../../src-main/phone/client.ts";
import { createPhone } from "../../../src-main/phone/client.ts";
import type { SimPhone, SimPhoneOptions } from "../../../src-main/sim/phone/sim-phone.ts";
import { createSimPhone } from "../../../src-main/sim/phone/sim-phone.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A simulated door phone that ends with the test. */
export async function simPhone(
  settings: SimPhoneOptions["settings"] = {},
  options: Omit<SimPhoneOptions, "clock" | "settings"> = {},
): Promise<SimPhone> {
  const sim = await createSimPhone({
    clock: systemClock,
    settings: { user: "tech", password: "s3cret", ...settings },
    ...options,
  });
  open.push(sim);
  return sim;
}

/** A client to it with short waits. */
export function phoneTo(sim: { host: string; port: number }, options: Partial<PhoneOptions> = {}): Phone {
  const phone = createPhone({
    host: `${sim.host}:${String(sim.port)}`,
    user: "tech",
    password: "s3cret",
    auth: "auto",
    clock: systemClock,
    log: silentLog,
    timeoutMs: 300,
    gapMs: 0,
    retryDelayMs: 5,
    ...options,
  });
  open.push(phone);
  return phone;
}

/** What a promise fails with; fails the test when it does not. */
export async function failure(work: Promise<unknown>): Promise<ToolkitError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ToolkitError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}
