// The package.json of a package on disk as it is now: an earlier script may have changed it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lifecycleScript } from './lifecycle.js';

/** An empty one for a package.json that is missing or cannot be read. */
export function currentManifest(packageDir: string): unknown {
  try {
    return JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}

/** The script of this lifecycle event; undefined when there is none. */
export function currentScript(packageDir: string, event: string): string | undefined {
  const hasGyp = existsSync(join(packageDir, 'binding.gyp'));
  return lifecycleScript(currentManifest(packageDir), event, hasGyp);
}
