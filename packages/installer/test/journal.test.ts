import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { hostPaths } from '../dist/host-paths.js';
import type { HostPaths } from '../dist/host-paths.js';
import { isSettled, readJournal, writeJournal } from '../dist/journal.js';
import type { Journal } from '../dist/journal.js';
import { RECOVERY_TABLE, recoveryStep } from '../dist/recovery-table.js';
import { makeTempDir } from './test-root.js';

const JOURNAL: Journal = {
  format: 1,
  txid: '000001-abc',
  seq: 1,
  act: 'install',
  phase: 'activating',
  from: '1.0.0-aaaaaaaaaaaa',
  to: '1.0.1-bbbbbbbbbbbb',
  previous: null,
  bootId: '11111111-2222-3333-4444-555555555555',
  at: '2026-01-01T00:00:00.000Z',
};

function stage(context: TestContext): HostPaths {
  const paths = hostPaths(makeTempDir(context));
  mkdirSync(paths.state);
  return paths;
}

test('what is written is read again, and room for the next write is laid out', (context) => {
  const paths = stage(context);
  assert.equal(readJournal(paths), undefined);
  for (const phase of ['activating', 'rolling-back', 'done'] as const) {
    writeJournal(paths, { ...JOURNAL, phase });
    assert.deepEqual(readJournal(paths), { ...JOURNAL, phase });
    assert.equal(statSync(paths.journal).size, 4096);
    assert.equal(statSync(paths.journalSpare).size, 4096);
  }
});

test('the longest names fit into the one sector that is written at once', (context) => {
  const paths = stage(context);
  const long = `${'1'.repeat(64)}-${'a'.repeat(12)}`;
  const txid = `${'9'.repeat(6)}-${'z'.repeat(10)}`;
  const full = { ...JOURNAL, phase: 'rolling-back', from: long, to: long, previous: long, txid } as const;
  writeJournal(paths, { ...full, act: 'activate', seq: 999_999 });
  assert.ok(readFileSync(paths.journal, 'utf8').indexOf('}') < 512);
});

test('a damaged journal counts as none, and none is settled', (context) => {
  const paths = stage(context);
  for (const text of ['', '{', '{"format":2,"to":"x"}', '\0'.repeat(4096)]) {
    writeFileSync(paths.journal, text);
    assert.equal(readJournal(paths), undefined, JSON.stringify(text.slice(0, 20)));
  }
  rmSync(paths.journal);
  assert.ok(isSettled(readJournal(paths)));
  writeJournal(paths, JOURNAL);
  assert.ok(!isSettled(readJournal(paths)));
  assert.ok(existsSync(paths.journal));
});

const STEPS = [
  [undefined, null, 'verify', 'none'],
  ['done', JOURNAL.to, 'rollback', 'none'],
  ['activating', JOURNAL.from, 'rollback', 'not-activated'],
  ['activating', JOURNAL.to, 'verify', 'verify'],
  ['activating', JOURNAL.to, 'rollback', 'revert'],
  ['activating', JOURNAL.to, 'keep', 'keep'],
  ['activating', '9.9.9-cccccccccccc', 'verify', 'superseded'],
  ['activating', null, 'verify', 'superseded'],
  ['rolling-back', JOURNAL.to, 'keep', 'revert'],
  ['rolling-back', JOURNAL.from, 'keep', 'revert'],
  ['rolling-back', '9.9.9-cccccccccccc', 'keep', 'superseded'],
] as const;

for (const [phase, current, policy, step] of STEPS) {
  test(`recovery: phase ${phase ?? 'none'}, current ${current ?? 'none'}, policy ${policy}: ${step}`, () => {
    const journal = phase === undefined ? undefined : { ...JOURNAL, phase };
    assert.equal(recoveryStep(journal, current, policy), step);
  });
}

test('the first release ever: no current is what was before', () => {
  assert.equal(recoveryStep({ ...JOURNAL, from: null }, null, 'verify'), 'not-activated');
});

test('the table answers every combination of phase, current and policy', () => {
  for (const phase of ['activating', 'rolling-back'] as const)
    for (const current of ['from', 'to', 'other'] as const)
      for (const policy of ['verify', 'rollback', 'keep'] as const) {
        const rows = RECOVERY_TABLE.filter(
          (row) => row.phase === phase && row.current === current && (row.policy ?? policy) === policy,
        );
        assert.equal(rows.length, 1, `${phase} ${current} ${policy}`);
      }
});
