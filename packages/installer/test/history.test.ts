import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { examineRoot, listHistory, showAct } from '@salver/installer';
import { appendHistory } from '../dist/history.js';
import { hostPaths } from '../dist/host-paths.js';
import type { HostPaths } from '../dist/host-paths.js';
import { failure, historyOf, release, serveRoot } from './served-root.js';
import { install, makeTempDir, withCode } from './test-root.js';

function stage(context: TestContext): HostPaths {
  const paths = hostPaths(makeTempDir(context));
  mkdirSync(paths.records, { recursive: true });
  return paths;
}

function append(paths: HostPaths, reason: string): void {
  appendHistory(paths, { at: '2026-01-01T00:00:00.000Z', by: 'ann', act: 'install', result: 'ok', reason });
}

test('each line carries the number after, and the sha256 of, the line before', (context) => {
  const paths = stage(context);
  // The last is longer than what is read of the end at first.
  for (const reason of ['a', 'b', 'ü'.repeat(100_000), 'c', 'd']) append(paths, reason);
  const lines = readFileSync(paths.history, 'utf8').split('\n').slice(0, -1);
  let prev = '0'.repeat(64);
  for (const [index, line] of lines.entries()) {
    const parsed = JSON.parse(line) as { number: number; prev: string };
    assert.deepEqual([parsed.number, parsed.prev], [index + 1, prev]);
    prev = createHash('sha256').update(line).digest('hex');
  }
  assert.equal(lines.length, 5);
  assert.equal(listHistory(paths.root, { verify: true }).lines.length, 5);
});

const TAMPERINGS: readonly [what: string, tamper: (lines: string[]) => string[], line: number][] = [
  ['a changed word', (lines) => lines.map((line) => line.replace('"b"', '"x"')), 3],
  ['a missing line', (lines) => lines.filter((_line, index) => index !== 1), 2],
  ['a missing first line', (lines) => lines.slice(1), 1],
  ['swapped lines', ([a = '', b = '', c = '', d = '']) => [a, c, b, d], 2],
  ['a line added by hand', (lines) => [...lines, lines[3] ?? ''], 5],
  ['a line that is none', (lines) => lines.map((line, index) => (index === 2 ? 'x' : line)), 3],
];

for (const [what, tamper, line] of TAMPERINGS) {
  test(`${what} is found`, (context) => {
    const paths = stage(context);
    for (const reason of ['a', 'b', 'c', 'd']) append(paths, reason);
    const lines = readFileSync(paths.history, 'utf8').split('\n').slice(0, -1);
    writeFileSync(paths.history, `${tamper(lines).join('\n')}\n`);
    assert.throws(
      () => listHistory(paths.root, { verify: true }),
      (error: Error) => {
        assert.ok(withCode('E_HISTORY_DAMAGED')(error));
        return new RegExp(`line ${line} `).test(error.message);
      },
    );
  });
}

test('a torn last line is cut off by the next act, which says so', (context) => {
  const paths = stage(context);
  append(paths, 'a');
  const whole = readFileSync(paths.history, 'utf8');
  appendFileSync(paths.history, whole.slice(0, 40));
  assert.equal(listHistory(paths.root, { verify: true }).tornBytes, 40);
  append(paths, 'b');
  const { lines, problems } = listHistory(paths.root, { verify: true });
  assert.deepEqual([lines.length, lines[1]?.repairedBytes, problems], [2, 40, []]);
});

test('a file that is nothing but a torn line is begun anew', (context) => {
  const paths = stage(context);
  writeFileSync(paths.history, '{"number":1');
  append(paths, 'a');
  assert.equal(listHistory(paths.root, { verify: true }).lines[0]?.repairedBytes, 11);
});

test('an act can be shown with the output of its hooks', async (context) => {
  const { root } = await serveRoot(context);
  await failure(
    install(root, await release(1, { hooks: { prepare: { run: 'echo no such table; exit 1' } } })),
  );
  const txid = String(historyOf(root).at(-1)?.['txid']);
  const act = showAct(root, txid.slice(0, 6));
  assert.equal(act.txid, txid);
  assert.deepEqual(act.hooks, [{ hook: 'prepare', output: 'no such table\n' }]);
  assert.match(act.lines[0]?.reason ?? '', /status 1/);
  assert.throws(() => showAct(root, '../..'), withCode('E_RELEASE_NOT_FOUND'));
});

test('the history says who: the person behind sudo', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1), { env: { ...process.env, SUDO_USER: 'ann' } });
  assert.equal(historyOf(root)[0]?.['by'], 'ann');
});

test('doctor finds what is wrong, and nothing in a sound root', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1, { shared: ['uploads'] }));
  const wrong = (): readonly string[] =>
    examineRoot(root).flatMap(({ check, state }) => (state === 'ok' ? [] : [check]));
  assert.deepEqual(
    wrong().filter((check) => check !== 'room'),
    [],
  );
  mkdirSync(join(root, '.salver/staging/tx-dead'));
  writeFileSync(join(root, '.salver/journal.json'), 'x');
  mkdirSync(join(root, 'config'));
  writeFileSync(join(root, 'config/env'), 'A=1\n', { mode: 0o644 });
  appendFileSync(join(root, '.salver/history.jsonl'), 'x\n');
  writeFileSync(join(root, '.salver/contracts.json'), 'x');
  assert.deepEqual(
    [...new Set(wrong())].filter((check) => check !== 'room'),
    ['journal', 'leftovers', 'history', 'notes', 'settings'],
  );
});
