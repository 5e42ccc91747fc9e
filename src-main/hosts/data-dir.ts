import { posix, win32 } from "node:path";

/** What the place of the data folder depends on. */
export interface Surroundings {
  platform: string;
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string;
}

/** The user's data folder, absolute or as given in SR01_DATA, else where each system keeps such things. */
export function defaultDataDir({ platform, env, homeDir }: Surroundings): string {
  if (env["SR01_DATA"]) return env["SR01_DATA"];
  switch (platform) {
    case "win32":
      return win32.join(env["APPDATA"] ?? win32.join(homeDir, "AppData", "Roaming"), "SR01 Toolkit");
    case "darwin":
      return posix.join(homeDir, "Library", "Application Support", "SR01 Toolkit");
    default:
      return posix.join(xdgDataHome(env) ?? posix.join(homeDir, ".local", "share"), "sr01-toolkit");
  }
}

/** The XDG rules say that a relative path must be ignored. */
function xdgDataHome(env: Surroundings["env"]): string | undefined {
  const given = env["XDG_DATA_HOME"];
  return given?.startsWith("/") ? given : undefined;
}
