import type { PortVerdict, ReadinessLine } from "../../services/model/adapter.ts";
import type { DoctorReport, PortReport } from "./doctor-command.ts";

/** The report as lines for people. */
export function doctorWords(report: DoctorReport): string {
  return [
    "Adapters",
    ...report.adapters.map((port) => {
      const names = [
        port.chip ?? "built in",
        port.serialNumber ?? "",
        port.usbPlace ? `USB place ${port.usbPlace}` : "",
      ];
      return `  ${[port.path, ...names].filter((part) => part !== "").join("  ")}`;
    }),
    ...(report.adapterVerdict && !report.port ? verdictWords(report.adapterVerdict) : []),
    ...(report.port ? portWords(report.port) : []),
    "Ready for offline?",
    ...report.readiness.flatMap(readinessWords),
    "At a live door",
    ...report.liveDoor.map((text) => `  ${text}`),
  ].join("\n");
}

function portWords({ path, verdict, identity, latency, latencyKept, advice }: PortReport): string[] {
  const unit = identity
    ? `  Unit ${identity.serialNumber}, firmware ${identity.firmwareVersion}, at address ${String(identity.address)}`
    : "  No unit was identified.";
  const speed = latency
    ? `  Turn-around with the unit's thinking: ${String(latency.medianMs)} ms, at worst ${String(latency.worstMs)} ms${latencyKept ? ", kept with the adapter" : ""}`
    : "  Turn-around not measured.";
  return [`Port ${path}`, ...verdictWords(verdict), unit, speed, ...(advice ? verdictWords(advice) : [])];
}

function verdictWords({ message, nextStep, commands = [] }: PortVerdict): string[] {
  return [`  ${message}`, `  Next: ${nextStep}`, ...commands.map((command) => `    ${command}`)];
}

function readinessWords({ ok, message, fix }: ReadinessLine): string[] {
  const mark = ok === true ? "ok " : ok === false ? "RED" : "?  ";
  return [`  ${mark} ${message}`, ...(fix === null ? [] : [`      ${fix}`])];
}
