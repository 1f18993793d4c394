import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from '../dist/run-command.js';
import type { CommandOptions } from '../dist/run-command.js';

function run(command: string, more: Partial<CommandOptions> = {}) {
  const env = { PATH: process.env['PATH'] ?? '' };
  return runCommand({ command, cwd: '/', env, signal: new AbortController().signal, ...more });
}

test('gives status and the last lines of both streams', async () => {
  const seen: string[] = [];
  const result = await run('echo one; echo two >&2; printf three; exit 3', {
    onLine: (line) => seen.push(line),
  });
  assert.deepEqual([result.exitCode, result.killedBy], [3, undefined]);
  assert.deepEqual([...result.tail].sort(), ['one', 'three', 'two']);
  assert.deepEqual([...seen].sort(), [...result.tail].sort());
});

test('keeps no more than the last lines', async () => {
  const { tail } = await run('seq 1 1000');
  assert.deepEqual([tail.length, tail.at(-1)], [30, '1000']);
});

test('says which signal ended a command', async () => {
  const result = await run('kill -9 $$');
  assert.deepEqual([result.exitCode, result.killedBy], [undefined, 'SIGKILL']);
});

test('does not wait for what a command leaves in the background, and ends it', async () => {
  const began = performance.now();
  const { tail } = await run('sleep 60 & echo $!');
  assert.ok(performance.now() - began < 20_000);
  assert.equal(runs(tail[0] ?? ''), false);
});

/** A dead process that nobody has waited for counts as gone. */
function runs(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('ends a command that is interrupted, with all it has started', async () => {
  const abort = new AbortController();
  const running = run('sleep 60; true', { signal: abort.signal, onLine: () => undefined });
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(running, { code: 'E_INTERRUPTED' });
});

test('says that a shell is missing', async () => {
  await assert.rejects(run('true', { shell: '/nowhere/sh' }), { code: 'E_TOOL_MISSING' });
});
