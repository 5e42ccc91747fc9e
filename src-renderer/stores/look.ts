import { defineStore } from "pinia";
import { ref, watch } from "vue";

/** Themes of the page; `system` follows the machine. */
export const themeNames = ["system", "light", "dark", "sunlight"] as const;
/** See {@link themeNames}. */
export type ThemeName = (typeof themeNames)[number];
/** Languages of the page. */
export const languages = ["en", "de"] as const;
/** See {@link languages}. */
export type Language = (typeof languages)[number];

/** Theme and language; a habit of this machine, kept in localStorage. */
export const useLook = defineStore("look", () => {
  const theme = ref<ThemeName>(kept("sr01-theme", themeNames) ?? "system");
  const language = ref<Language>(
    kept("sr01-language", languages) ?? (navigator.language.startsWith("de") ? "de" : "en"),
  );
  watch(theme, (name) => localStorage.setItem("sr01-theme", name));
  watch(language, (name) => localStorage.setItem("sr01-language", name));
  return { theme, language };
});

function kept<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  const value = localStorage.getItem(name);
  return allowed.find((word) => word === value);
}
