// docs/errors.md is a promise to scripts and to people: every code, its exit status, in the order of the source.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_CODE_BY_ERROR, EXIT_CODE_INTERNAL } from '@salver/core';

const DOCUMENT = readFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8');

/** Rows of the tables: code, exit status, meaning, what to do. */
const ROWS = [...DOCUMENT.matchAll(/^\| `(E_[A-Z_]+)` +\| (\d+) +\| (.+?) +\| (.+?) +\|$/gm)];

test('every error code is documented with its exit status, and no other code is', () => {
  const documented = ROWS.map(([, code, exit]) => [code, Number(exit)] as const);
  const expected = [...Object.entries(EXIT_CODE_BY_ERROR), ['E_INTERNAL', EXIT_CODE_INTERNAL] as const];
  assert.deepEqual(documented, expected);
});

test('every code says what it means and what to do', () => {
  for (const [, code, , meaning, action] of ROWS) {
    assert.ok((meaning ?? '').length > 15, `${code} has no meaning`);
    assert.ok((action ?? '').length > 10, `${code} does not say what to do`);
  }
});
