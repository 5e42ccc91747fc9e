import { createVuetify } from "vuetify";
import { aliases, mdi } from "vuetify/iconsets/mdi-svg";
import "vuetify/styles/core";
import { themes } from "./themes.ts";

/** Vuetify with our three themes. `cspNonce` is the page's own, without it no theme would apply under the strict CSP. */
export function vuetifyPlugin(cspNonce: string | undefined): ReturnType<typeof createVuetify> {
  return createVuetify({
    icons: { defaultSet: "mdi", aliases, sets: { mdi } },
    theme: {
      ...(cspNonce === undefined ? {} : { cspNonce }),
      defaultTheme: "light",
      transition: false,
      themes,
    },
    defaults: {
      VBtn: { height: 48, variant: "flat" },
      VTextField: { variant: "outlined", hideDetails: true, density: "comfortable", color: "primary" },
      VCheckbox: { hideDetails: true, color: "primary" },
      VSwitch: { hideDetails: true, color: "primary", inset: true },
      VRadioGroup: { hideDetails: true, color: "primary" },
    },
  });
}
