import vue from "@vitejs/plugin-vue";
import { defineConfig } from "electron-vite";
import vuetify from "vite-plugin-vuetify";

// One build for three hosts: Electron's main, the command line (which is also the web host) and the page.
export default defineConfig({
  main: {
    build: {
      target: "node20.19",
      outDir: "out/main",
      rollupOptions: {
        input: {
          electron: "src-main/hosts/electron/main.ts",
          cli: "src-main/hosts/cli/main.ts",
          bench: "bench/main.ts",
        },
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  },
  renderer: {
    root: "src-renderer",
    plugins: [vue(), vuetify({ autoImport: true })],
    build: { outDir: "out/renderer", minify: true, rollupOptions: { input: { index: "src-renderer/index.html" } } },
  },
});
