import { Option, type Command } from "commander";
import { errorFromShape, fail, type ToolkitError } from "../../lib/errors.ts";
import { testLineQuality, type QualityProgress } from "../../services/line-quality.ts";
import type { LineQualityReport, RateQuality } from "../../services/model/diagnose.ts";
import { osdpBauds } from "../../sr01/comset.ts";
import { acceptancePackets, lossLimits } from "../../sr01/line-quality.ts";
import type { CliAction, CliContext } from "./context.ts";
import { addDeviceOptions, addDoorOption, wholeOption, type DeviceOptions, type DoorOptions } from "./options.ts";
import { systemSeams, withUnit, type UnitSeams } from "./unit.ts";

/** Progress lines come at most so often, ms. */
const progressEveryMs = 500;

interface LineQualityOptions extends DeviceOptions, DoorOptions {
  packets: number;
  bauds: readonly number[];
  budgetSeconds: number;
}

/**
 * Adds `line-quality`: progress lines, then the report as the last line. Exit 0: the rate in use passed. 10 (`not-verified`):
 * it is marginal or failed. Else the code of what ended the test; 5, 3 or 4 with `restored: false` when the unit was not
 * heard again at its old rate.
 */
export function registerLineQualityCommand(program: Command, action: CliAction, seams: UnitSeams = systemSeams): void {
  const verb = program
    .command("line-quality")
    .description("how many packets the line loses, measured against the unit itself");
  addDoorOption(addDeviceOptions(verb))
    .addOption(
      wholeOption(
        "--packets <n>",
        `for each speed; ${String(acceptancePackets)} and more are an acceptance`,
        20,
        100_000,
      ).default(300),
    )
    .addOption(baudsOption())
    .addOption(wholeOption("--budget-seconds <s>", "for all packets together", 1, 86_400).default(900))
    .action(action((cli: CliContext, options: LineQualityOptions) => lineQuality(cli, options, seams)));
}

async function lineQuality(cli: CliContext, options: LineQualityOptions, seams: UnitSeams): Promise<void> {
  const { address, packets, bauds, budgetSeconds, line: mode, door = null } = options;
  if (mode === "alone" && bauds.some((baud) => baud !== options.baud) && (door === null || door.trim() === "")) {
    throw fail("bad-input", "Other speeds at a door need the door's name, typed: --door NAME.", { field: "door" });
  }
  await withUnit(
    cli,
    options,
    async (_, { line, link }) => {
      const report = await testLineQuality({
        ...{ bus: line.bus, mode, clock: cli.clock, address, link, packets, bauds, door, signal: cli.signal },
        ...{ budgetMs: budgetSeconds * 1000, onProgress: progressLines(cli) },
      });
      const error = errorOf(report);
      if (error) {
        for (const rate of report.rates) cli.note(rateWords(rate));
        throw cli.failWith({ ...report }, error);
      }
      cli.emit({ ...report }, reportWords(report));
    },
    seams,
  );
}

function errorOf(report: LineQualityReport): ToolkitError | null {
  if (report.error) return errorFromShape(report.error);
  if (report.verdict === "pass") return null;
  const words =
    report.verdict === "fail"
      ? "The line loses more than it may."
      : "So many packets cannot tell whether the line is good enough: ask for more with --packets.";
  return fail("not-verified", words, { data: { verdict: report.verdict } });
}

function progressLines(cli: CliContext): (progress: QualityProgress) => void {
  let last = { at: Number.NEGATIVE_INFINITY, baud: 0 };
  return ({ baud, done, packets, counts }) => {
    const at = cli.clock.now();
    if (baud === last.baud && at - last.at < progressEveryMs && done < packets) return;
    last = { at, baud };
    const lost = counts.timeout + counts.damaged + counts.mismatch;
    cli.emit(
      { phase: "measure", baud, done, packets, counts: { ...counts } },
      `${String(baud)} bit/s: ${String(done)} of ${String(packets)}, ${String(lost)} lost`,
    );
  };
}

function reportWords(report: LineQualityReport): string {
  const { kind, rates, fastestSafe, baud } = report;
  const lines = rates.map(rateWords);
  const limit = percent(lossLimits[kind]);
  lines.push(
    kind === "screening"
      ? `A screening (limit ${limit}), no acceptance: that takes ${String(acceptancePackets)} packets at each speed.`
      : `An acceptance (limit ${limit}).`,
  );
  if (rates.length > 1) {
    const fastest = fastestSafe === null ? "no speed passed" : `fastest safe speed ${String(fastestSafe)} bit/s`;
    lines.push(`${fastest}; the unit is at ${String(baud)} bit/s again.`);
  }
  return lines.join("\n");
}

function rateWords({ baud, tested, verdict, packets, lost, upTo, counts }: RateQuality): string {
  if (tested === "skipped") return `${String(baud)} bit/s: not tested`;
  if (tested === "not-offered") return `${String(baud)} bit/s: not offered by unit or adapter`;
  const { timeout, damaged, refused, mismatch } = counts;
  return (
    `${String(baud)} bit/s: ${(verdict ?? "marginal").toUpperCase()}, ${String(lost)} of ${String(packets)} lost, at most ${percent(upTo)} (95 %); ` +
    `timeout ${String(timeout)}, damaged ${String(damaged)}, mismatch ${String(mismatch)}, refused ${String(refused)}`
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** `all`, or speeds of OSDP with commas. */
function baudsOption(): Option {
  const words = `other speeds to test too, bench only or --door: all, or of ${osdpBauds.join(",")}`;
  const option = new Option("--bauds <list>", words).default([], "only the present one");
  return option.argParser((text): readonly number[] => {
    if (text === "all") return osdpBauds;
    const bauds = text.split(",").map((part) => (/^ *\d{1,7} *$/.test(part) ? Number(part) : Number.NaN));
    if (bauds.every((baud) => osdpBauds.includes(baud))) return bauds;
    throw fail("bad-input", `--bauds wants all, or speeds of ${osdpBauds.join(",")}.`, { field: "bauds" });
  });
}
