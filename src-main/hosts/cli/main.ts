import { version } from "../../../package.json";
import type { RegisterCommands } from "./frame.ts";
import { registerPortsCommand } from "./ports-command.ts";
import { runProcess } from "./process-host.ts";

const commands: readonly RegisterCommands[] = [
  (program, action) => {
    registerPortsCommand(program, action);
  },
];

await runProcess(commands, version);
