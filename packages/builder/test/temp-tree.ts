// Real temporary folders for tests.
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder that is removed after the test. */
export function tempDir(t: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'salver-builder-')));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files by relative path. */
export function writeTree(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** Relative paths of all files below a folder, sorted. */
export function listFiles(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((item) => !item.isDirectory())
    .map((item) => join(item.parentPath, item.name).slice(root.length + 1))
    .sort();
}
