import { version } from "../../../package.json";
import type { RegisterCommands } from "./frame.ts";
import { registerPhoneCommands } from "./phone-commands.ts";
import { registerPortsCommand } from "./ports-command.ts";
import { runProcess } from "./process-host.ts";
import { registerSimPhoneCommand } from "./sim-phone-command.ts";

/** Every verb of the command line, in the order of `--help`. */
const commands: readonly RegisterCommands[] = [registerPortsCommand, registerPhoneCommands, registerSimPhoneCommand];

await runProcess(commands, version);
