import type { ComputedRef } from "vue";
import { computed } from "vue";
import { useDraft } from "../../stores/draft.ts";
import { usePhone } from "../../stores/phone.ts";
import type { FieldSpec, Review } from "../../types.ts";
import { maybeSecret } from "./fields.ts";

interface SetupDraft {
  /** Field -> new raw value, only where it differs from what was read. */
  changes: Record<string, string>;
  /** The same for what may hold a password: in memory only. */
  secretChanges: Record<string, string>;
  /** `field` of every danger that was ticked. */
  ticked: string[];
  /** What was written last, for the list on Apply. */
  applied: Review["changes"];
  jobId: string | null;
  undoing: boolean;
}

/** The edited relay settings: what is typed over what was read. */
export interface SetupEdit {
  draft: SetupDraft;
  all: ComputedRef<Record<string, string>>;
  count: ComputedRef<number>;
  valueOf(field: string): string;
  changed(field: string): boolean;
  set(spec: FieldSpec, value: string): void;
  /** Ticks or un-ticks the danger of a field. */
  tick(field: string, on: boolean): void;
  /** Notes the job that writes (or takes back) and what it writes. */
  startJob(jobId: string, undoing: boolean, applied?: Review["changes"]): void;
  clear(): void;
}

/** The relay setup's draft for one door phone. Survives Back, other views and reloads; passwords do not leave memory. */
export function openSetupEdit(host: string): SetupEdit {
  const phone = usePhone();
  const draft = useDraft<SetupDraft>(
    `setup/${host}`,
    () => ({ changes: {}, secretChanges: {}, ticked: [], applied: [], jobId: null, undoing: false }),
    ["secretChanges"],
  );
  const all = computed(() => ({ ...draft.changes, ...draft.secretChanges }));
  const read = (field: string): string => phone.settings?.fields[field]?.value ?? "";
  return {
    draft,
    all,
    count: computed(() => Object.keys(all.value).length),
    valueOf: (field) => all.value[field] ?? read(field),
    changed: (field) => field in all.value,
    set: (spec, value) => {
      const open = without(draft.changes, spec.field);
      const secret = without(draft.secretChanges, spec.field);
      const same = value === read(spec.field) || (spec.secret === true && value === "");
      const hide = maybeSecret(spec, value);
      draft.changes = same || hide ? open : { ...open, [spec.field]: value };
      draft.secretChanges = same || !hide ? secret : { ...secret, [spec.field]: value };
      draft.ticked = draft.ticked.filter((field) => field !== spec.field);
    },
    tick: (field, on) => {
      const others = draft.ticked.filter((one) => one !== field);
      draft.ticked = on ? [...others, field] : others;
    },
    startJob: (jobId, undoing, applied) =>
      Object.assign(draft, { jobId, undoing, ...(applied === undefined ? {} : { applied }) }),
    clear: () => Object.assign(draft, { changes: {}, secretChanges: {}, ticked: [] }),
  };
}

function without(all: Readonly<Record<string, string>>, field: string): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== field));
}
