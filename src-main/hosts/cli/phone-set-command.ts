import type { Command } from "commander";
import { errorFromShape, fail } from "../../lib/errors.ts";
import type { Phone } from "../../phone/client.ts";
import { cleanText } from "../../phone/envelope.ts";
import { fieldSpec } from "../../phone/fields.ts";
import type { ChangePlan } from "../../phone/plan.ts";
import { planChanges } from "../../phone/plan.ts";
import type { WriteResult } from "../../phone/write.ts";
import { writeSettings } from "../../phone/write.ts";
import type { CliAction, CliContext } from "./context.ts";
import { wholeOption } from "./options.ts";
import type { PhoneCliOptions } from "./phone-options.ts";
import { addPhoneOptions, secretFromEnv, withPhone } from "./phone-options.ts";

interface SetOptions extends PhoneCliOptions {
  dryRun: boolean;
  fromEnv: string[];
  settleMs: number;
}

/** Adds `phone set FIELD=VALUE …`. Exit 10 when what reads back is not what was asked. */
export function registerPhoneSet(phone: Command, action: CliAction): void {
  addPhoneOptions(phone.command("set"))
    .description("change settings: FIELD=VALUE …, read back, and put back what did not stick")
    .argument("[assignments...]", "for example relayA.holdDelay=7")
    .option("--dry-run", "show what would change and write nothing", false)
    .option(
      "--from-env <field=name>",
      "take a value from an environment variable (passwords); may be repeated",
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .addOption(wholeOption("--settle-ms <ms>", "wait before reading back", 0, 60_000).default(2000))
    .action(
      action(async (cli, assignments: string[], options: SetOptions) => {
        const asked = readAssignments(cli, assignments, options.fromEnv);
        await withPhone(cli, options, (unit) => setFields(cli, unit, asked, options));
      }),
    );
}

async function setFields(
  cli: CliContext,
  phone: Phone,
  asked: Readonly<Record<string, string>>,
  { dryRun, settleMs }: SetOptions,
): Promise<void> {
  const plan = planChanges(await phone.config(cli.signal), asked);
  const [problem] = plan.review.problems;
  if (problem) throw errorFromShape(problem);
  tellDangers(cli, plan);
  const { clock, signal } = cli;
  const result: WriteResult = dryRun
    ? { written: false, readBack: null, differing: [], restored: null }
    : await writeSettings(phone, plan.writes, { clock, signal, settleMs });
  tellResult(cli, plan, result);
}

function tellDangers(cli: CliContext, { review }: ChangePlan): void {
  for (const change of review.changes)
    if (change.danger !== null) cli.note(`Mind the door: ${change.field} can leave it open or everybody out.`);
  for (const warning of review.warnings) cli.note(`Mind: ${warning.code} (${warning.fields.join(", ")})`);
}

function tellResult(cli: CliContext, { review }: ChangePlan, result: WriteResult): void {
  const changes = review.changes.map((change) => ({
    field: change.field,
    key: change.key,
    old: change.old,
    new: change.new,
  }));
  const lines = changes.map((one) => `${one.field}: ${cleanText(one.old, 255)} -> ${one.new}  (${one.key})`);
  const end = result.written ? `Written; reads back ${result.readBack ?? "?"}.` : "Nothing was written.";
  cli.emit({ changes, written: result.written, readBack: result.readBack }, [...lines, end].join("\n"));
  if (result.readBack !== "differs") return;
  const renamed = result.differing.every((one) => one.renamed);
  if (renamed) {
    for (const one of result.differing)
      cli.note(`${one.field} was renamed by the cloud to "${cleanText(one.got, 255)}".`);
    return;
  }
  const names = result.differing.map((one) => one.field).join(", ");
  const afterwards = result.restored
    ? "The old values were put back."
    : `The old values could NOT be put back: look at ${names} in the door phone's own page now.`;
  throw fail("not-verified", `Did not stick: ${names}. ${afterwards}`, {
    data: { differing: result.differing, restored: result.restored },
  });
}

function readAssignments(
  cli: CliContext,
  assignments: readonly string[],
  fromEnv: readonly string[],
): Record<string, string> {
  const asked = new Map<string, string>();
  const add = (text: string, take: (field: string, right: string) => string): void => {
    const at = text.indexOf("=");
    if (at < 1) throw fail("bad-input", `"${at < 0 ? text.slice(0, 64) : "="}" is not FIELD=VALUE.`, { field: "set" });
    const field = text.slice(0, at);
    if (asked.has(field)) throw fail("bad-input", `${field} is given twice.`, { field });
    asked.set(field, take(field, text.slice(at + 1)));
  };
  for (const text of assignments) add(text, noSecret);
  for (const text of fromEnv) add(text, (field, name) => secretFromEnv(cli, name, field));
  if (asked.size === 0) throw fail("bad-input", "Say what to change: FIELD=VALUE.", { field: "set" });
  return Object.fromEntries(asked);
}

/** Arguments can be read by everyone on this computer: no password may stand there. */
function noSecret(field: string, value: string): string {
  if (fieldSpec(field)?.secret || /:\/\/[^\s/@]+@/.test(value))
    throw fail("bad-input", `${field} holds a password: give it with --from-env ${field}=NAME.`, { field });
  return value;
}
