import { useI18n } from "vue-i18n";
import type { ErrorShape } from "../../src-main/lib/errors.ts";

/** One sentence for an error in the page's language. The main side's own sentences are English and say more. */
export function useErrorWords(): (error: ErrorShape) => string {
  const { t, locale } = useI18n();
  return (error) => (locale.value === "en" ? error.message : t(`errors.${error.code}.sentence`));
}
