import type { ComputedRef } from "vue";
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import { useErrorWords } from "../composables/use-error-words.ts";
import { useNow } from "../composables/use-now.ts";
import { ageSeconds } from "../format.ts";
import { useAdapters } from "../stores/adapters.ts";
import { useLine } from "../stores/line.ts";
import { usePhone } from "../stores/phone.ts";
import type { Status } from "./StatusMark.vue";

/** One of the three devices as the bar and Start show it. */
export interface DeviceState {
  id: "adapter" | "sr01" | "phone";
  status: Status;
  /** The state in a word or two. */
  word: string;
  /** Age of the last answer, or that there was none. */
  age: string;
  facts: readonly { label: string; value: string }[];
  error: string | null;
}

/** Adapter, SR01 and door phone, as last heard of. */
export function useDeviceStates(): ComputedRef<DeviceState[]> {
  const { t } = useI18n();
  const now = useNow();
  const age = (moment: string | null | undefined): string => {
    const seconds = ageSeconds(moment ?? null, now.value);
    if (seconds === null) return t("device.noAnswerYet");
    return seconds < 120
      ? t("device.agoSeconds", { n: seconds })
      : t("device.agoMinutes", { n: Math.floor(seconds / 60) });
  };
  const adapter = useAdapterState();
  const sr01 = useSr01State(age);
  const phone = usePhoneState(age);
  return computed(() => [adapter.value, sr01.value, phone.value]);
}

function useAdapterState(): ComputedRef<DeviceState> {
  const { t } = useI18n();
  const line = useLine();
  const adapters = useAdapters();
  const errorWords = useErrorWords();
  return computed(() => {
    const now = line.state;
    const port = adapters.ports.find((entry) => entry.path === now?.path);
    const problem = now?.error ?? adapters.state?.error ?? null;
    const error = problem === null ? null : errorWords(problem);
    const found = adapters.ports.filter((entry) => entry.likely).length;
    const [status, word] = ((): [Status, string] => {
      if (line.isOpen && now?.state === "closed") return ["unknown", t("device.lineResting")];
      if (now === undefined || now.state === "closed") {
        return ["unknown", found > 0 ? t("device.adapterFound", { n: found }) : t("device.adapterNone")];
      }
      if (now.state === "stopped") return ["fail", t("device.lineStopped")];
      return now.state === "listening" ? ["running", t("device.lineListening")] : ["pass", t("device.lineOpen")];
    })();
    const facts = [
      { label: t("line.port"), value: port?.label ?? now?.path ?? "–" },
      { label: t("device.chipName"), value: port?.chip ?? "–" },
      { label: t("line.baud"), value: now?.baud === null || now === undefined ? "–" : `${String(now.baud)} bit/s` },
    ];
    return { id: "adapter", status, word, age: port?.label ?? now?.path ?? "", facts, error };
  });
}

function useSr01State(age: (moment: string | null | undefined) => string): ComputedRef<DeviceState> {
  const { t } = useI18n();
  const line = useLine();
  return computed(() => {
    const now = line.state;
    const unit = line.identity;
    const [status, word] = ((): [Status, string] => {
      if (line.isOpen && now?.state === "closed") return ["unknown", t("device.lineResting")];
      if (now === undefined || now.state === "closed") return ["unknown", t("device.notLookedAt")];
      if (now.exclusive === "flash") return ["running", t("device.flashing")];
      if (unit === null) return ["unknown", t("device.notIdentified")];
      return now.online ? ["pass", t("device.answers")] : ["warn", t("device.silent")];
    })();
    const link = unit === null ? "–" : t(unit.secure === "none" ? "device.linkPlain" : "device.linkEncrypted");
    const facts = [
      { label: t("sr01.firmware"), value: unit?.firmwareVersion ?? "–" },
      { label: t("sr01.serial"), value: unit?.serialNumber ?? "–" },
      { label: t("line.address"), value: String(now?.address ?? "–") },
      { label: t("sr01.link"), value: link },
    ];
    return {
      id: "sr01",
      status,
      word,
      age: unit === null || now?.exclusive === "flash" ? "" : age(now?.lastAnswerAt),
      facts,
      error: null,
    };
  });
}

function usePhoneState(age: (moment: string | null | undefined) => string): ComputedRef<DeviceState> {
  const { t } = useI18n();
  const phone = usePhone();
  const errorWords = useErrorWords();
  return computed(() => {
    const now = phone.state;
    const [status, word] = ((): [Status, string] => {
      switch (now?.state) {
        case "ready":
          return ["pass", t("device.connected")];
        case "connecting":
          return ["running", t("device.connecting")];
        case "lost":
          return ["fail", t("device.lost")];
        default:
          return ["unknown", t("device.notLookedAt")];
      }
    })();
    const facts = [
      { label: t("phone.host"), value: now?.host ?? "–" },
      { label: t("phone.model"), value: now?.info?.model ?? "–" },
      { label: t("phone.firmware"), value: now?.info?.firmware ?? "–" },
      { label: t("phone.auth"), value: now?.info ? t(`phone.authWord.${now.info.auth}`) : "–" },
    ];
    const heard = now?.lastAnswerAt ? age(now.lastAnswerAt) : "";
    return { id: "phone", status, word, age: heard, facts, error: now?.error ? errorWords(now.error) : null };
  });
}
