// What a failed command must not change below a root.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { listTree } from './product-harness.js';

/** Everything users and services see of a root: its links and every byte of its releases. */
export function rootSnapshot(root: string): unknown {
  return {
    current: linkAt(root, 'current'),
    previous: linkAt(root, 'previous'),
    releases: listTree(join(root, 'releases')),
  };
}

function linkAt(root: string, name: string): string | undefined {
  try {
    return readlinkSync(join(root, name));
  } catch {
    return undefined;
  }
}

/** Asserts that no work in progress lies around below a root. */
export function assertNothingStaged(root: string): void {
  const staging = join(root, '.salver/staging');
  if (existsSync(staging)) assert.deepEqual(readdirSync(staging), []);
  const names = readdirSync(root).filter((name) => name.startsWith('.') && name !== '.salver');
  assert.deepEqual(names, [], 'no temporary links');
  const records = join(root, '.salver/records');
  const releases = existsSync(join(root, 'releases')) ? readdirSync(join(root, 'releases')) : [];
  if (existsSync(records)) assert.equal(readdirSync(records).length, releases.length, 'a record per release');
}
