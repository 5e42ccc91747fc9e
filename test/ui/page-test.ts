import { createPinia } from "pinia";
import { mount, type VueWrapper } from "@vue/test-utils";
import { createVuetify } from "vuetify/dist/vuetify.js";
import type { Component } from "vue";
import { createI18n } from "vue-i18n";
import { createMemoryHistory, createRouter, type Router } from "vue-router";
import type { CallName } from "../../src-main/api/contract.ts";
import type { Api } from "../../src-renderer/api.ts";
import { apiKey } from "../../src-renderer/api.ts";
import type { StreamHooks } from "../../src-renderer/event-stream.ts";
import { de } from "../../src-renderer/i18n/de.ts";
import { en } from "../../src-renderer/i18n/en.ts";
import { routes } from "../../src-renderer/router.ts";
import { useStream } from "../../src-renderer/stores/stream.ts";
import type { TopicStates } from "../../src-main/services/model/topics.ts";
import { quietTopics } from "./samples.ts";

// happy-dom has none; Vuetify's dialogs listen to it.
if (!("visualViewport" in globalThis)) Object.assign(globalThis, { visualViewport: new EventTarget() });

/** What a test's fake main side was asked, in order. */
export interface Asked {
  name: CallName;
  input: Record<string, unknown>;
}

/** A fake Api: remembers every call and answers by name; a function may throw or wait. */
export function fakeApi(answers: Partial<Record<CallName, (input: Record<string, unknown>) => unknown>> = {}) {
  const asked: Asked[] = [];
  let hooks: StreamHooks | undefined;
  const api: Api = {
    call: async (name, input) => {
      asked.push({ name, input: input as Record<string, unknown> });
      return (await answers[name]?.(input as Record<string, unknown>)) as never;
    },
    events: (given) => {
      hooks = given;
      given.onState("open");
      return new Promise(() => undefined);
    },
    uploadFile: () => Promise.resolve({ id: "file-1", sha256: "00", sizeBytes: 1 }),
    saveFile: () => Promise.resolve(),
  };
  return { api, asked, of: (name: CallName) => asked.filter((one) => one.name === name), stream: () => hooks };
}

/** The page's plugins around one component, with a main side that told these topics. */
export async function openPage(
  view: Component,
  api: Api,
  options: {
    path?: string;
    props?: Record<string, unknown>;
    topics?: Partial<TopicStates>;
    language?: "en" | "de";
  } = {},
): Promise<{ page: VueWrapper; router: Router; tell: (topics: Partial<TopicStates>) => void }> {
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push(options.path ?? "/");
  const pinia = createPinia();
  const i18n = createI18n({ legacy: false, locale: options.language ?? "en", messages: { en, de } });
  let tell: (topics: Partial<TopicStates>) => void = () => undefined;
  const stage: Component = {
    components: { View: view },
    setup() {
      const stream = useStream();
      tell = (topics) => {
        for (const [topic, state] of Object.entries(topics)) stream.onTopic(topic as "app", state as never);
      };
      tell({ ...quietTopics(), ...options.topics });
      return { props: options.props ?? {} };
    },
    template: "<View v-bind='props' />",
  };
  const page = mount(stage, {
    attachTo: document.body,
    global: { plugins: [pinia, router, i18n, createVuetify()], provide: { [apiKey as symbol]: api } },
  });
  return { page, router, tell };
}

/** The button with these words on it. */
export function button(page: VueWrapper, words: string) {
  const found = page.findAll("button").find((one) => one.text().includes(words));
  if (found === undefined) throw new Error(`There is no button "${words}" in: ${page.text()}`);
  return found;
}
