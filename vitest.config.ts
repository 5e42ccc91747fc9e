import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// Tables and processes that take seconds each: part of `npm test`, not of `npm run check`.
const slow = [
  "test/sim/{keys-cli,line-quality,detective,phone-work}.test.ts",
  "test/sim/phone/trigger.test.ts",
  "test/api/start.test.ts",
  "test/unit/hosts/cli/process.test.ts",
  "test/unit/hosts/store/processes.test.ts",
  "test/unit/hosts/serial/watch-ports.test.ts",
];

export default defineConfig({
  plugins: [vue()],
  test: {
    reporters: ["default", "./build/last-line-reporter.ts"],
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/{unit,sim,api,ui}/**/*.test.ts"], exclude: slow, testTimeout: 15_000 },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/{serial,e2e,long}/**/*.test.ts", ...slow],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
