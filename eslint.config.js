import prettier from "eslint-config-prettier";
import vue from "eslint-plugin-vue";
import tseslint from "typescript-eslint";

const sizes = {
  "max-lines": ["error", { max: 300 }],
  "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
};

export default tseslint.config(
  { ignores: ["out/", "dist/", "node_modules/", "test/fixtures/"] },
  ...tseslint.configs.strict,
  ...vue.configs["flat/recommended"],
  {
    files: ["**/*.vue"],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    // Rules that need types. In tests and templates vue-tsc and the runner must do (an unhandled rejection fails a run):
    // with them `npm run check` would take twice as long.
    files: ["src-main/**/*.ts", "src-renderer/**/*.ts", "bench/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ["**/*.{ts,vue,js}"],
    rules: {
      "no-restricted-syntax": ["error", { selector: "TSEnumDeclaration", message: "Use a union (design: no enums)." }],
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "vue/multi-word-component-names": "off",
      eqeqeq: ["error", "always"],
      "no-console": "error",
    },
  },
  { files: ["src-main/**/*.ts", "src-renderer/**/*.{ts,vue}", "bench/**/*.{ts,js}", "bin/*.js"], rules: sizes },
  { files: ["src-renderer/**/*.vue"], rules: { "max-lines-per-function": "off" } },
  { files: ["bin/**/*.js", "build/**/*.js", "bench/**/*.js"], rules: { "no-console": "off" } },
  prettier,
);
