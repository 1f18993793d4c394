// What a builder's cache must be like after any build, however it ended.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runJson } from './product-harness.js';

/** The fields of `salver cache verify --json`. Damaged entries would make it fail. */
interface CacheVerifyReport {
  readonly ok: boolean;
  readonly checked: number;
}

/** Asserts that every entry of the cache is sound and that no temporary file is left. */
export async function assertCacheSound(cacheDir: string): Promise<void> {
  const env = { SALVER_CACHE: cacheDir };
  const report = await runJson<CacheVerifyReport>('salver', ['cache', 'verify'], { env });
  assert.equal(report.ok, true);
  assert.ok(report.checked > 0, 'the cache is empty');
  assertNothingTemporary(cacheDir);
}

/** Asserts that the cache's tmp directory is empty. */
export function assertNothingTemporary(cacheDir: string): void {
  const temporary = join(cacheDir, 'tmp');
  if (existsSync(temporary)) assert.deepEqual(readdirSync(temporary), []);
}
