import { errors } from "./en/errors.ts";
import { frame } from "./en/frame.ts";
import { setup } from "./en/setup.ts";
import { work } from "./en/work.ts";

/** English. */
export const en = { ...frame, ...work, ...setup, ...errors };

/** The shape that every dictionary has. */
export type Dictionary = typeof en;
