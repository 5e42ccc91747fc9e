// A program of its own for the store's tests: writes until it is killed, holds a window, or opens the store once.
import { silentLog } from "../../../../src-main/lib/log.ts";
import { claimWindow } from "../../../../src-main/hosts/store/claim-window.ts";
import { openStore } from "../../../../src-main/hosts/store/sqlite-store.ts";
import { appendAudit } from "../../../../src-main/records/audit.ts";
import { startJob } from "../../../../src-main/records/jobs.ts";

const [mode, dataDir = ""] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function writeForEver(): void {
  const store = openStore(dataDir, { log: silentLog });
  for (let i = 0; ; i++) {
    const id = `${String(process.pid)}-${String(i)}`;
    // One job and its audit line belong together: after a kill there are both or neither.
    store.durable(() => {
      const startedAt = new Date().toISOString();
      startJob(store, { id, kind: "flash", about: { filler: "x".repeat(2000) }, owner: "child", startedAt });
      appendAudit(store, { at: startedAt, who: "child", what: id, facts: { filler: "y".repeat(2000) } });
    });
    if (i % 5 === 0) say(id);
  }
}

if (mode === "write") writeForEver();
if (mode === "open") openStore(dataDir, { log: silentLog }).close();
if (mode === "window") {
  say(JSON.stringify({ readOnly: claimWindow(dataDir).readOnly }));
  setInterval(() => undefined, 1000);
}
