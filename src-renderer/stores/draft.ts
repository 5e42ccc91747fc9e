import { defineStore } from "pinia";
import type { Reactive } from "vue";
import { effectScope, reactive, watch } from "vue";
import { useApp } from "./app.ts";

type Draft = Record<string, unknown>;

/** What people typed into the wizards and did not send yet. Kept for this page only (sessionStorage), over reloads. */
export const useDrafts = defineStore("drafts", () => {
  const drafts = new Map<string, Reactive<Draft>>();

  /** The draft of that name; `secrets` names members that stay in memory and are never kept. */
  const open = (name: string, fresh: () => Draft, secrets: readonly string[]): Reactive<Draft> => {
    const known = drafts.get(name);
    if (known !== undefined) return known;
    const draft = reactive<Draft>({ ...fresh(), ...read(name) });
    // Detached: a draft outlives the view that opened it.
    effectScope(true).run(() => {
      watch(draft, (now) => write(name, now, secrets), { deep: true, flush: "sync" });
    });
    drafts.set(name, draft);
    return draft;
  };
  return { open };
});

/** A wizard's inputs: survive Back, other views and reloads. Training and real work have separate ones. */
export function useDraft<T extends object>(
  name: string,
  fresh: () => T,
  secrets: readonly (keyof T & string)[] = [],
): T {
  const place = useApp().training ? "training" : "real";
  return useDrafts().open(`${place}/${name}`, fresh as () => Draft, secrets) as T;
}

function read(name: string): Draft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(`sr01-draft/${name}`) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Draft) : {};
  } catch {
    return {};
  }
}

function write(name: string, draft: Draft, secrets: readonly string[]): void {
  const open = Object.fromEntries(Object.entries(draft).filter(([member]) => !secrets.includes(member)));
  sessionStorage.setItem(`sr01-draft/${name}`, JSON.stringify(open));
}
