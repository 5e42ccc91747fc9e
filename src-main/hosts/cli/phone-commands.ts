import { Option, type Command } from "commander";
import { readStatus } from "../../phone/client.ts";
import { cleanText } from "../../phone/envelope.ts";
import { readSettings } from "../../phone/settings.ts";
import type { PhoneRelay } from "../../phone/trigger.ts";
import { checkTrigger, readRelayFacts, triggerRelay } from "../../phone/trigger.ts";
import type { CliAction } from "./context.ts";
import { wholeOption } from "./options.ts";
import type { PhoneCliOptions } from "./phone-options.ts";
import { addPhoneOptions, withPhone } from "./phone-options.ts";
import { registerPhoneSet } from "./phone-set-command.ts";

/** Adds `phone info|relays|status|set|trigger`. */
export function registerPhoneCommands(program: Command, action: CliAction): void {
  const phone = program.command("phone").description("a door phone over HTTP");
  registerInfo(phone, action);
  registerRelays(phone, action);
  registerStatus(phone, action);
  registerPhoneSet(phone, action);
  registerTrigger(phone, action);
}

function registerInfo(phone: Command, action: CliAction): void {
  addPhoneOptions(phone.command("info"))
    .description("what the door phone is")
    .action(
      action(async (cli, options: PhoneCliOptions) => {
        const { model, firmware, mac, auth } = await withPhone(cli, options, (unit) => unit.info(cli.signal));
        cli.emit({ model, firmware, mac, auth }, `${model}, firmware ${firmware}, MAC ${mac ?? "?"}, login ${auth}`);
      }),
    );
}

function registerRelays(phone: Command, action: CliAction): void {
  addPhoneOptions(phone.command("relays"))
    .description("the relay settings that this door phone offers")
    .action(
      action(async (cli, options: PhoneCliOptions) => {
        const config = await withPhone(cli, options, (unit) => unit.config(cli.signal));
        const { fields } = readSettings(config, new Date(cli.clock.wallTime()).toISOString());
        const lines = Object.entries(fields).map(
          ([field, one]) => `${field} = ${cleanText(one.value, 255)}  (${one.key}, ${one.mark})`,
        );
        cli.emit({ fields }, lines.join("\n"));
      }),
    );
}

function registerStatus(phone: Command, action: CliAction): void {
  addPhoneOptions(phone.command("status"))
    .description("relays (0 low, 1 high; read them together with Type) and inputs")
    .action(
      action(async (cli, options: PhoneCliOptions) => {
        const { relays, inputs } = await withPhone(cli, options, (unit) => readStatus(unit, cli.signal));
        const words = (name: string, all: Record<string, number>): string[] =>
          Object.entries(all).map(([letter, level]) => `${name} ${letter}: ${level === 1 ? "high" : "low"}`);
        cli.emit({ relays, inputs }, [...words("Relay", relays), ...words("Input", inputs)].join("\n"));
      }),
    );
}

interface TriggerOptions extends PhoneCliOptions {
  relay: PhoneRelay;
  seconds?: number;
}

function registerTrigger(phone: Command, action: CliAction): void {
  addPhoneOptions(phone.command("trigger"))
    .description("moves a relay, sent exactly once")
    .addOption(
      new Option("--relay <name>", "local relay A to D, Security Relay SA or SB")
        .choices(["A", "B", "C", "D", "SA", "SB"])
        .makeOptionMandatory(),
    )
    .addOption(wholeOption("--seconds <s>", "local relays: hold it so long (default: its Hold Delay)", 1, 60))
    .action(
      action(async (cli, options: TriggerOptions) => {
        const { relay, seconds } = options;
        checkTrigger(relay, seconds);
        await withPhone(cli, options, async (unit) => {
          const facts = relay.startsWith("S") ? null : await readRelayFacts(unit, relay, cli.signal);
          if (facts?.bistable) cli.note("This relay stays until triggered again: nothing puts it back by itself.");
          await triggerRelay(unit, { relay, facts, ...(seconds === undefined ? {} : { seconds }) }, cli.signal);
        });
        cli.emit({ relay, accepted: true }, `The door phone accepted the trigger of ${relay}.`);
      }),
    );
}
