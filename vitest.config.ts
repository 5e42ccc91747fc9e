import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [vue()],
  test: {
    reporters: ["default", "./build/last-line-reporter.ts"],
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/{unit,sim,api,ui}/**/*.test.ts"], testTimeout: 15_000 },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/{serial,e2e,long}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
