import type { Command } from "commander";
import { createNodeApp } from "../node-app.ts";
import { openBrowser } from "../web/open-browser.ts";
import { startWeb } from "../web/server.ts";
import type { CliAction, CliContext } from "./context.ts";
import { wholeOption } from "./options.ts";

interface WebOptions {
  training: boolean;
  port: number;
  open: boolean;
}

/** Adds `web`: the whole app in a browser, on loopback only. */
export function registerWebCommand(program: Command, action: CliAction): void {
  program
    .command("web")
    .description("the app in a browser on this machine")
    .option("--training", "begin in Training, with a simulated SR01 and door phone", false)
    .addOption(wholeOption("--port <n>", "TCP port on 127.0.0.1 (default: any)", 0, 65_535).default(0))
    .option("--no-open", "do not open a browser")
    .action(action(web));
}

async function web(cli: CliContext, options: WebOptions): Promise<void> {
  const app = await createNodeApp({ dataDir: cli.dataDir, host: "web" });
  try {
    if (options.training) await app.enterTraining();
    const server = await startWeb({ handler: app.handler, pageDir: app.pageDir, port: options.port, log: app.log });
    try {
      await serve(cli, server.url, options.open);
    } finally {
      await server.close();
    }
  } finally {
    await app.close();
  }
}

async function serve(cli: CliContext, url: string, open: boolean): Promise<void> {
  cli.emit({ url }, `SR01 Toolkit: open ${url}`);
  const browser = open ? await openBrowser(url) : undefined;
  if (browser) cli.note(`Opened in ${browser.by}. Ctrl-C here ends the program.`);
  else cli.note("Open the address above in a browser on this machine. Ctrl-C here ends the program.");
  try {
    await new Promise<void>((resolve) => {
      if (cli.signal.aborted) resolve();
      else
        cli.signal.addEventListener(
          "abort",
          () => {
            resolve();
          },
          { once: true },
        );
    });
  } finally {
    await browser?.close();
  }
}
