// A command line of its own for the tests of signals and pipes.
import { sleep } from "../../../../src-main/lib/clock.ts";
import { runProcess } from "../../../../src-main/hosts/cli/process-host.ts";

await runProcess(
  [
    (program, action) => {
      program.command("tidy").action(
        action(async (cli) => {
          cli.emit({ ready: true });
          try {
            await sleep(cli.clock, 60_000, cli.signal);
          } finally {
            await sleep(cli.clock, 100);
            cli.emit({ tidied: true });
          }
        }),
      );
      program.command("deaf").action(
        action(async (cli) => {
          cli.emit({ ready: true });
          await sleep(cli.clock, 60_000);
        }),
      );
      program.command("flood").action(
        action(async (cli) => {
          for (let i = 0; !cli.signal.aborted; i++) {
            cli.emit({ i, filler: "x".repeat(1000) });
            await sleep(cli.clock, 1);
          }
          cli.note("stopped");
        }),
      );
      program.command("much").action(
        action((cli) => {
          for (let i = 0; i < 5000; i++) cli.emit({ i, filler: "x".repeat(200) });
          return Promise.resolve();
        }),
      );
      program.command("crash").action(
        action(async (cli) => {
          setTimeout(() => {
            throw new Error("nobody caught this");
          }, 1);
          await sleep(cli.clock, 60_000);
        }),
      );
    },
  ],
  "0.0.0",
);
