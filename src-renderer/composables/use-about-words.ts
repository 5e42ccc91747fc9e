import { useI18n } from "vue-i18n";

const hidden = ["sha256", "user"];

/** The plain facts beside a job as words: `Adapter: left · Line mode: Bench`. Facts without a word are shown as they are. */
export function useAboutWords(): (about: Readonly<Record<string, string>>) => { name: string; value: string }[] {
  const { t, te } = useI18n();
  const nameOf = (name: string): string => (te(`about.${name}`, "en") ? t(`about.${name}`) : name);
  const valueOf = (name: string, value: string): string => {
    if (name === "mode" && te(`lineMode.${value}.name`, "en")) return t(`lineMode.${value}.name`);
    if (name === "relay" && te(`relay.${value}`, "en")) return t(`relay.${value}`);
    return name === "seconds" ? `${value} s` : value;
  };
  return (about) =>
    Object.entries(about)
      .filter(([name, value]) => !hidden.includes(name) && value !== "")
      .map(([name, value]) => ({ name: nameOf(name), value: valueOf(name, value) }));
}
