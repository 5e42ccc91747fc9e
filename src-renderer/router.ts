import type { Router, RouteRecordRaw } from "vue-router";
import { createRouter, createWebHashHistory } from "vue-router";
import StartPage from "./pages/start/StartPage.vue";

/** All views. A wizard's step is part of the address, so that Back of the browser and a reload keep it. Each view
 * but Start is loaded when it is first shown. */
export const routes: RouteRecordRaw[] = [
  { path: "/", name: "start", component: StartPage },
  { path: "/setup/:step?", name: "setup", component: () => import("./pages/setup/SetupPage.vue") },
  { path: "/live/:step?", name: "live", component: () => import("./pages/live/LivePage.vue") },
  { path: "/firmware/:step?", name: "firmware", component: () => import("./pages/firmware/FirmwarePage.vue") },
  { path: "/recordings", name: "recordings", component: () => import("./pages/more/RecordingsPage.vue") },
  { path: "/settings", name: "settings", component: () => import("./pages/more/SettingsPage.vue") },
  { path: "/:rest(.*)*", redirect: "/" },
];

/** The router; hash history, because Electron's scheme and the web host serve one file. */
export function createPageRouter(): Router {
  return createRouter({ history: createWebHashHistory(), routes });
}
