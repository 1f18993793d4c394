import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { TreeSync } from '../dist/durability.js';

const PATH = process.env['PATH'];
let folder = '';

/** Puts a `sync` in front of the system's: it notes that it ran, and ends the n-th time with the n-th status. */
function syncThatEnds(...statuses: readonly number[]): void {
  const script = [
    '#!/bin/sh',
    `echo run >> ${folder}/runs`,
    `n=$(wc -l < ${folder}/runs)`,
    `status=$(echo ${statuses.join(' ')} | cut -d' ' -f"$n")`,
    '[ "$status" = 0 ] || echo "error syncing: Input/output error" >&2',
    'exit "$status"',
  ];
  writeFileSync(join(folder, 'sync'), script.join('\n'));
  chmodSync(join(folder, 'sync'), 0o755);
}

function runs(): number {
  const path = join(folder, 'runs');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'salver-durability-'));
  process.env['PATH'] = `${folder}:${PATH ?? ''}`;
});

afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

test('a failed early sync is final although the next one would succeed', async () => {
  syncThatEnds(1, 0);
  const sync = new TreeSync(folder, 'syncfs');
  sync.begin();
  await assert.rejects(sync.finish(), { code: 'E_FILE_SYSTEM', message: /Input\/output error/ });
});

test('what comes after an early sync is synced as well', async () => {
  syncThatEnds(0, 1);
  const sync = new TreeSync(folder, 'syncfs');
  sync.begin();
  await assert.rejects(sync.finish(), { code: 'E_FILE_SYSTEM' });
  assert.equal(runs(), 2);
});

test('closing waits for the early sync and says nothing of its failure', async () => {
  syncThatEnds(1);
  const sync = new TreeSync(folder, 'syncfs');
  sync.begin();
  await sync.close();
  assert.equal(runs(), 1);
});

for (const durability of ['files', 'none'] as const) {
  test(`with durability ${durability} sync(1) is not used`, async () => {
    syncThatEnds(1);
    const sync = new TreeSync(folder, durability);
    sync.begin();
    await sync.finish();
    assert.equal(runs(), 0);
  });
}
