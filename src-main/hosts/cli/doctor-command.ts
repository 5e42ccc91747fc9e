import type { Command } from "commander";
import { errorShape, toToolkitError, type ToolkitError } from "../../lib/errors.ts";
import { latencyAdvice, measureLatency } from "../../services/latency.ts";
import type { Latency, PortVerdict, UsbWithoutPort } from "../../services/model/adapter.ts";
import { adapterVerdict } from "../../services/port-verdict.ts";
import { liveDoorWarnings, readinessLines, type MachineFacts } from "../../services/readiness.ts";
import type { ListedPort } from "../../services/seams.ts";
import type { UnitIdentity } from "../../sr01/profile.ts";
import { latencyTimerCommand, readLatencyTimer, setLatencyTimer } from "../serial/latency-timer.ts";
import { readMachine } from "../serial/machine.ts";
import { listAdapters, listWithoutPort, verdictOn } from "../serial/ports.ts";
import { isGatewayPath } from "../tcp/gateway-address.ts";
import { keepMeasured, keyOfTyped } from "./adapter-records.ts";
import type { CliAction, CliContext } from "./context.ts";
import { doctorWords } from "./doctor-words.ts";
import { addDeviceOptions, wholeOption, type DeviceOptions } from "./options.ts";
import { systemSeams, withUnit, type UnitSeams } from "./unit.ts";

interface DoctorOptions extends Omit<DeviceOptions, "port"> {
  port?: string;
  exchanges: number;
  setLatencyTimer: boolean;
}

/** What `doctor` asks this machine; tests put their own in its place. */
export interface DoctorSeams {
  unit: UnitSeams;
  machine: () => Promise<MachineFacts>;
  list: () => Promise<ListedPort[]>;
  withoutPort: () => Promise<UsbWithoutPort[]>;
}

const systemDoctor: DoctorSeams = {
  ...{ unit: systemSeams, machine: () => readMachine(), list: listAdapters, withoutPort: listWithoutPort },
};

/** What was found out about the named port. `verdict` is on the port; whether a unit answered is `identity`. */
export interface PortReport {
  path: string;
  verdict: PortVerdict;
  identity: UnitIdentity | null;
  latency: Latency | null;
  /** The figure is kept with the adapter, and used from now on. */
  latencyKept: boolean;
  latencyTimerMs: number | null;
  advice: PortVerdict | null;
}

/** All that `doctor` tells. `adapterVerdict`: what to do when there is no adapter; null when there is one. */
export interface DoctorReport {
  adapters: ListedPort[];
  withoutPort: UsbWithoutPort[];
  adapterVerdict: PortVerdict | null;
  readiness: ReturnType<typeof readinessLines>;
  liveDoor: string[];
  port: PortReport | null;
}

/** Adds `doctor`: one object with {@link DoctorReport}; without `--port` nothing is opened. */
export function registerDoctorCommand(program: Command, action: CliAction, seams: DoctorSeams = systemDoctor): void {
  const verb = addDeviceOptions(
    program
      .command("doctor")
      .description("adapters, drivers and network; with --port: why it does not work, how quick it is"),
  )
    .addOption(wholeOption("--exchanges <n>", "polls for measuring the turn-around", 5, 1000).default(20))
    .option("--set-latency-timer", "set the FTDI latency timer to 1 ms first (Linux)", false);
  // The only verb that also has something to say without a port.
  verb.options.find(({ long }) => long === "--port")?.makeOptionMandatory(false);
  verb.action(action((cli: CliContext, options: DoctorOptions) => doctor(cli, options, seams)));
}

async function doctor(cli: CliContext, options: DoctorOptions, seams: DoctorSeams): Promise<void> {
  const report = await lookAround(seams);
  const { port: path } = options;
  if (path === undefined) {
    cli.emit({ ...report }, doctorWords(report));
    return;
  }
  if (options.setLatencyTimer) await setLatencyTimer(path);
  const port: PortReport = {
    ...{ path, verdict: await readyVerdict(path), identity: null, latency: null, latencyKept: false },
    ...(await timerOf(path, report.adapters)),
  };
  const full = { ...report, port };
  try {
    await examine(cli, { ...options, port: path }, port, report.adapters, seams);
  } catch (thrown) {
    const error = toToolkitError(thrown);
    if (isAboutPort(error)) port.verdict = await verdictOf(path, error);
    if (!cli.json) cli.emit({}, doctorWords(full));
    throw cli.failWith({ ...full }, error);
  }
  cli.emit({ ...full }, doctorWords(full));
}

async function lookAround(seams: DoctorSeams): Promise<DoctorReport> {
  const [adapters, withoutPort, facts] = await Promise.all([seams.list(), seams.withoutPort(), seams.machine()]);
  const count = adapters.filter(({ likely }) => likely).length;
  return {
    ...{ adapters, withoutPort, port: null, readiness: readinessLines(facts), liveDoor: liveDoorWarnings(facts) },
    adapterVerdict: adapterVerdict({ adapters: count, withoutPort }, facts.platform),
  };
}

/** Opens, listens, identifies, measures; writes into `port` as far as it comes. */
async function examine(
  cli: CliContext,
  options: DeviceOptions & { exchanges: number },
  port: PortReport,
  adapters: readonly ListedPort[],
  seams: DoctorSeams,
): Promise<void> {
  const { clock, signal } = cli;
  const work: Parameters<typeof withUnit>[2] = async (profile, { line }) => {
    port.identity = await profile.identify({ signal });
    const poll = (wanted?: AbortSignal): Promise<boolean> => profile.poll(wanted);
    port.latency = await measureLatency({ ...options, wire: line.bus.wire, clock, poll, signal });
  };
  await withUnit(cli, options, work, seams.unit);
  if (!port.latency) return;
  try {
    port.latencyKept = keepMeasured(cli, keyOfTyped(adapters, port.path), port.latency);
  } catch (error) {
    cli.note(`The figure could not be kept: ${errorShape(error).message}`);
  }
}

async function timerOf(
  path: string,
  adapters: readonly ListedPort[],
): Promise<Pick<PortReport, "latencyTimerMs" | "advice">> {
  if (isGatewayPath(path)) return { latencyTimerMs: null, advice: null };
  const timerMs = await readLatencyTimer(path);
  const key = keyOfTyped(adapters, path);
  const ftdi = adapters.some((one) => one.key === key && one.vendorId === "0403");
  const command = timerMs === null ? null : await latencyTimerCommand(path);
  const advice = latencyAdvice({ timerMs, ftdi, platform: process.platform, path, command });
  return { latencyTimerMs: timerMs, advice };
}

/** Whether it is the port that failed, and not the unit behind it. */
function isAboutPort({ code, field }: ToolkitError): boolean {
  return code === "link-lost" || code === "busy" || (code === "bad-input" && field === "port");
}

function readyVerdict(path: string): Promise<PortVerdict> {
  return verdictOn(path, null);
}

/** Whoever opened the port may have said why already. */
async function verdictOf(path: string, error: ToolkitError): Promise<PortVerdict> {
  return (error.data?.["verdict"] as PortVerdict | undefined) ?? verdictOn(path, error);
}
