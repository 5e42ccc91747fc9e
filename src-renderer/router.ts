import type { Router, RouteRecordRaw } from "vue-router";
import { createRouter, createWebHashHistory } from "vue-router";
import FirmwarePage from "./pages/firmware/FirmwarePage.vue";
import LivePage from "./pages/live/LivePage.vue";
import RecordingsPage from "./pages/more/RecordingsPage.vue";
import SettingsPage from "./pages/more/SettingsPage.vue";
import SetupPage from "./pages/setup/SetupPage.vue";
import StartPage from "./pages/start/StartPage.vue";

/** All views. A wizard's step is part of the address, so that Back of the browser and a reload keep it. */
export const routes: RouteRecordRaw[] = [
  { path: "/", name: "start", component: StartPage },
  { path: "/setup/:step?", name: "setup", component: SetupPage },
  { path: "/live/:step?", name: "live", component: LivePage },
  { path: "/firmware/:step?", name: "firmware", component: FirmwarePage },
  { path: "/recordings", name: "recordings", component: RecordingsPage },
  { path: "/settings", name: "settings", component: SettingsPage },
  { path: "/:rest(.*)*", redirect: "/" },
];

/** The router; hash history, because Electron's scheme and the web host serve one file. */
export function createPageRouter(): Router {
  return createRouter({ history: createWebHashHistory(), routes });
}
