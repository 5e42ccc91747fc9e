import { errors } from "./de/errors.ts";
import { frame } from "./de/frame.ts";
import { setup } from "./de/setup.ts";
import { work } from "./de/work.ts";
import type { Dictionary } from "./en.ts";

/** German. */
export const de: Dictionary = { ...frame, ...work, ...setup, ...errors };
