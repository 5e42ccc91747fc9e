import { createI18n } from "vue-i18n";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** The page's words. Messages are interpreted, never evaluated, so the strict CSP needs no exception. */
export const i18n = createI18n({
  legacy: false,
  locale: "en",
  fallbackLocale: "en",
  messages: { en, de },
  missingWarn: import.meta.env.DEV,
  fallbackWarn: import.meta.env.DEV,
});
