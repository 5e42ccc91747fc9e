// The dependency rule of docs/architecture.md, as config. No arrow goes back.
const rooms = {
  lib: [],
  osdp: ["lib"],
  sr01: ["osdp", "lib"],
  phone: ["lib"],
  records: ["lib"],
  services: ["sr01", "phone", "records", "osdp", "lib"],
  api: ["services", "lib"],
  sim: ["sr01", "osdp", "phone", "lib"],
};
const allowed = (room) => `^src-main/(${[room, ...rooms[room]].join("|")})/`;
const roomRules = Object.keys(rooms).map((room) => ({
  name: `room-${room}`,
  comment: `${room}/ may reach only: ${rooms[room].join(", ") || "itself"}`,
  severity: "error",
  from: { path: `^src-main/${room}/` },
  to: { path: "^src-(main|renderer)/", pathNot: allowed(room) },
}));
const noNode = (room, pathNot) => ({
  name: `pure-${room}`,
  comment: `${room}/ has no I/O of its own`,
  severity: "error",
  from: { path: `^src-main/${room}/` },
  to: { dependencyTypes: ["core"], ...(pathNot ? { pathNot } : {}) },
});
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-orphans", severity: "error", from: { orphan: true, pathNot: ["\\.d\\.ts$", "/main\\.ts$"] }, to: {} },
    { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...roomRules,
    noNode("lib"),
    noNode("osdp", "^(node:)?crypto$"),
    noNode("sr01", "^(node:)?crypto$"),
    noNode("phone", "^(node:)?crypto$"),
    noNode("records", "^(node:)?crypto$"),
    noNode("services", "^(node:)?crypto$"),
    noNode("api", "^(node:)?crypto$"),
    noNode("sim", "^(node:)?(crypto|http|https|net|tls)$"),
    {
      name: "libraries-at-the-rim",
      comment:
        "only hosts/ touches electron, serialport, usb, keyring, sqlite, pino; undici only in phone/ (and its Dispatcher in hosts/)",
      severity: "error",
      from: { path: "^src-main/(lib|osdp|sr01|records|services|api|sim)/|^src-main/app.ts" },
      to: {
        path: "node_modules/(electron|serialport|@serialport|usb|undici|@napi-rs|@photostructure|pino|commander)/",
      },
    },
    {
      name: "phone-only-undici",
      severity: "error",
      from: { path: "^src-main/phone/" },
      to: { path: "node_modules/(electron|serialport|@serialport|usb|@napi-rs|@photostructure|pino|commander)/" },
    },
    {
      name: "app-is-the-root",
      comment: "the composition root is used by hosts only",
      severity: "error",
      from: { path: "^src-main/(?!hosts/|app\\.ts)" },
      to: { path: "^src-main/(app\\.ts|hosts/)" },
    },
    {
      name: "app-knows-no-host",
      severity: "error",
      from: { path: "^src-main/app\\.ts" },
      to: { path: "^src-main/(hosts|sim)/" },
    },
    {
      name: "page-speaks-http",
      comment: "the page knows types of the contract and the error codes, nothing else of the main side",
      severity: "error",
      from: { path: "^src-renderer/" },
      to: { path: "^src-main/", pathNot: "^src-main/(api/contract|lib/errors)" },
    },
    {
      name: "page-types-only",
      severity: "error",
      from: { path: "^src-renderer/" },
      to: { path: "^src-main/api/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "page-reaches-no-node",
      severity: "error",
      from: { path: "^src-renderer/" },
      to: { path: "^(node:)?(fs|net|http|https|crypto|child_process|os|path|url|module)(/|$)", reachable: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "browser", "require", "node", "default", "types"],
      extensions: [".ts", ".js", ".vue", ".json"],
    },
    exclude: { path: "^src-renderer/.*\\.d\\.ts$" },
  },
};
