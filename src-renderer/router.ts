import type { Router, RouteRecordRaw } from "vue-router";
import { createRouter, createWebHashHistory } from "vue-router";
import StartPage from "./pages/start/StartPage.vue";

/** Views beside Start, each in a file of its own. */
const views = {
  setup: () => import("./pages/setup/SetupPage.vue"),
  live: () => import("./pages/live/LivePage.vue"),
  firmware: () => import("./pages/firmware/FirmwarePage.vue"),
  recordings: () => import("./pages/more/RecordingsPage.vue"),
  settings: () => import("./pages/more/SettingsPage.vue"),
};

/** All views. A wizard's step is part of the address, so that Back of the browser and a reload keep it. */
export const routes: RouteRecordRaw[] = [
  { path: "/", name: "start", component: StartPage },
  { path: "/setup/:step?", name: "setup", component: views.setup },
  { path: "/live/:step?", name: "live", component: views.live },
  { path: "/firmware/:step?", name: "firmware", component: views.firmware },
  { path: "/recordings", name: "recordings", component: views.recordings },
  { path: "/settings", name: "settings", component: views.settings },
  { path: "/:rest(.*)*", redirect: "/" },
];

/** The router; hash history, because Electron's scheme and the web host serve one file. */
export function createPageRouter(): Router {
  return createRouter({ history: createWebHashHistory(), routes });
}

/** Fetches the views that are not shown yet, so that a page whose toolkit went away can still be walked through. */
export function loadOtherViews(): void {
  // A view that cannot be had now is asked for again when it is shown.
  void Promise.allSettled(Object.values(views).map((load) => load()));
}
