import { version } from "../../../package.json";
import { registerComsetCommand } from "./comset-command.ts";
import { registerDecodeCommand } from "./decode-command.ts";
import { registerDemoCommand } from "./demo-command.ts";
import { registerDoctorCommand } from "./doctor-command.ts";
import { registerFlashCommand } from "./flash-command.ts";
import type { RegisterCommands } from "./frame.ts";
import { registerKeysCommand } from "./keys-command.ts";
import { registerLineQualityCommand } from "./line-quality-command.ts";
import { registerListenCommand } from "./listen-command.ts";
import { registerPairCommand } from "./pair-command.ts";
import { registerPhoneCommands } from "./phone-commands.ts";
import { registerPortsCommand } from "./ports-command.ts";
import { runProcess } from "./process-host.ts";
import { registerScanCommand } from "./scan-command.ts";
import { registerSimPhoneCommand } from "./sim-phone-command.ts";
import { registerSimSr01Command } from "./sim-sr01-command.ts";
import { registerSr01Commands } from "./sr01-commands.ts";
import { registerWebCommand } from "./web-command.ts";

/** Every verb of the command line, in the order of `--help`. */
const commands: readonly RegisterCommands[] = [
  registerPortsCommand,
  registerDoctorCommand,
  registerSr01Commands,
  registerFlashCommand,
  registerPairCommand,
  registerKeysCommand,
  registerComsetCommand,
  registerScanCommand,
  registerLineQualityCommand,
  registerDecodeCommand,
  registerListenCommand,
  registerPhoneCommands,
  registerSimSr01Command,
  registerSimPhoneCommand,
  registerWebCommand,
  registerDemoCommand,
];

await runProcess(commands, version);
