import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder that stands for the system's root. Values are texts of files, or `-> target` for links. */
export interface FakeTree {
  root: string;
  at(path: string): string;
  add(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

/** Makes one with these files. */
export function fakeTree(files: Readonly<Record<string, string>> = {}): FakeTree {
  const root = mkdtempSync(join(tmpdir(), "sr01-tree-"));
  const at = (path: string): string => join(root, path);
  const add: FakeTree["add"] = (more) => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(at(path)), { recursive: true });
      if (text.startsWith("-> ")) symlinkSync(text.slice(3), at(path));
      else writeFileSync(at(path), text);
    }
  };
  add(files);
  return {
    ...{ root, at, add },
    remove: () => {
      rmSync(root, { recursive: true });
    },
  };
}
