import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { syncCopied, syncNamesUpTo } from '../dist/sync-copied.js';

// That bytes survive a power cut is shown by test/power-cut.test.ts.

test('flushes a tree without following its links', (t) => {
  const top = mkdtempSync(join(tmpdir(), 'salver-test-'));
  t.after(() => rmSync(top, { recursive: true }));
  mkdirSync(join(top, 'a/b'), { recursive: true });
  writeFileSync(join(top, 'a/b/file'), 'x');
  symlinkSync('nowhere', join(top, 'a/b/link'));
  syncCopied(join(top, 'a'));
  syncNamesUpTo(top, join(top, 'a/b/file'));
});

test('says so when there is nothing to flush', () => {
  assert.throws(() => syncCopied('/nonexistent/file'), { code: 'ENOENT' });
});
