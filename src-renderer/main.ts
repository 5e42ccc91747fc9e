import "@fontsource-variable/inter";
import { createPinia } from "pinia";
import { createApp } from "vue";
import { apiKey, createApi, takeToken } from "./api.ts";
import App from "./App.vue";
import { i18n } from "./i18n/index.ts";
import { vuetifyPlugin } from "./plugins/vuetify.ts";
import { createPageRouter, loadOtherViews } from "./router.ts";
import "./styles/base.css";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
const token = takeToken(location, history, sessionStorage);

const router = createPageRouter();
void router.isReady().then(loadOtherViews);

createApp(App)
  .provide(apiKey, createApi(token))
  .use(createPinia())
  .use(router)
  .use(i18n)
  .use(vuetifyPlugin(nonce))
  .mount("#app");
