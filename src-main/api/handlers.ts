import { labelAdapter, refreshAdapters } from "../services/adapters.ts";
import type { Hub } from "../services/hub.ts";
import { keptJobs } from "../services/kept-jobs.ts";
import type { Worlds } from "../services/worlds.ts";
import type { FileStore } from "./files.ts";
import type { Handlers } from "./router.ts";

/** Every call of the contract, bound to the services of the current world. */
export function createHandlers(worlds: Worlds, hub: Hub, files: FileStore): Handlers {
  return {
    ...appHandlers(worlds, hub, files),
    ...lineHandlers(worlds),
    ...phoneHandlers(worlds),
    ...workHandlers(worlds),
  };
}

type Part<P extends string> = Pick<Handlers, Extract<keyof Handlers, `${P}.${string}`>>;

function appHandlers(worlds: Worlds, hub: Hub, files: FileStore): Part<"app" | "training" | "safety" | "trigger"> {
  return {
    "app.state": () => hub.get("app"),
    "app.setDoor": ({ site, door }) => {
      worlds.setDoor(site, door);
      return {};
    },
    "training.enter": async () => {
      await worlds.enterTraining();
      return {};
    },
    "training.leave": async () => {
      await worlds.leaveTraining();
      return {};
    },
    "training.set": (change) => {
      worlds.bench.set(change);
      return {};
    },
    "training.image": ({ spoil }) => {
      const { name, bytes } = worlds.bench.image(spoil);
      return worlds.current.flash.check(files.add("rom", name, bytes).id);
    },
    "safety.seenShut": ({ id }) => {
      worlds.current.safety.seenShut(id);
      return {};
    },
    "safety.handBack": ({ step }) => {
      worlds.current.safety.tick(step);
      return {};
    },
    "trigger.arm": ({ pageId }) => worlds.forWork.safety.arm(pageId),
    "trigger.disarm": ({ pageId }) => {
      worlds.current.safety.disarm(pageId);
      return {};
    },
  };
}

function lineHandlers(worlds: Worlds): Part<"ports" | "line" | "sr01"> {
  return {
    "ports.refresh": () => refreshAdapters(worlds.current.seams),
    "ports.label": ({ key, label }) => labelAdapter(worlds.current.seams, key, label),
    "line.open": (choice) => ({ jobId: worlds.forWork.line.open(choice) }),
    "line.close": async () => {
      await worlds.current.line.close();
      return {};
    },
    "sr01.identify": () => ({ jobId: worlds.forWork.line.identify() }),
    "sr01.status": () => ({ jobId: worlds.forWork.line.status() }),
    "sr01.watch": ({ on }) => {
      worlds.forWork.line.watch(on);
      return {};
    },
    "sr01.pulse": (press) => ({ jobId: worlds.forWork.outputs.pulse(press) }),
    "sr01.off": ({ onceId, output }) => ({ jobId: worlds.forWork.outputs.off(onceId, output) }),
  };
}

function phoneHandlers(worlds: Worlds): Part<"phone"> {
  return {
    "phone.connect": (login) => {
      worlds.forWork.phoneWrites.forget();
      return { jobId: worlds.forWork.phone.connect(login) };
    },
    "phone.disconnect": async () => {
      await worlds.current.phone.disconnect();
      worlds.current.phoneWrites.forget();
      return {};
    },
    "phone.read": () => ({ jobId: worlds.forWork.phone.read() }),
    "phone.review": ({ changes }) => worlds.current.phone.review(changes),
    "phone.write": ({ onceId, changes, confirmed }) => ({
      jobId: worlds.forWork.phoneWrites.write(onceId, changes, confirmed),
    }),
    "phone.undo": ({ onceId }) => ({ jobId: worlds.forWork.phoneWrites.undo(onceId) }),
    "phone.trigger": (press) => ({ jobId: worlds.forWork.phoneWrites.trigger(press) }),
    "phone.known": async () => ({ phones: await worlds.current.phone.known() }),
  };
}

function workHandlers(worlds: Worlds): Part<"flash" | "jobs"> {
  return {
    "flash.check": ({ fileId }) => worlds.current.flash.check(fileId),
    "flash.start": (request) => ({ jobId: worlds.forWork.flash.start(request) }),
    "jobs.get": ({ id }) => worlds.current.jobs.get(id),
    "jobs.cancel": ({ id }) => {
      worlds.current.jobs.cancel(id);
      return {};
    },
    "jobs.history": ({ limit }) => keptJobs(worlds.current.seams, limit),
    "jobs.dismiss": async ({ id }) => {
      await worlds.dismiss(id);
      return {};
    },
  };
}
