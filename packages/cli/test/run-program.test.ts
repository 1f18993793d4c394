// Results and failures, for people and for programs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SalverError } from '@salver/core';
import { programOf, runFake } from './fake-io.js';

const WORKS = programOf((context) => {
  context.progress.note('working');
  context.progress.warn('careful');
  return Promise.resolve({ json: { path: '/x' }, text: '/x', summary: 'it took a while' });
});

test('stdout carries the result only; progress, warnings and the summary go to stderr', async () => {
  assert.deepEqual(await runFake(WORKS, ['work', 'a']), {
    exitCode: 0,
    stdout: '/x\n',
    stderr: 'working\nwarning: careful\nit took a while\n',
  });
});

test('--quiet leaves warnings only', async () => {
  assert.deepEqual(await runFake(WORKS, ['work', 'a', '-q']), {
    exitCode: 0,
    stdout: '/x\n',
    stderr: 'warning: careful\n',
  });
});

test('--json prints one object with a schemaVersion, and nothing on stderr', async () => {
  const { exitCode, stdout, stderr } = await runFake(WORKS, ['work', 'a', '--json']);
  assert.deepEqual(JSON.parse(stdout), { schemaVersion: 1, path: '/x', warnings: ['careful'] });
  assert.deepEqual([exitCode, stderr, stdout.split('\n').length], [0, '', 2]);
});

function failsWith(error: Error) {
  return programOf((context) => {
    context.progress.warn('careful');
    return Promise.reject(error);
  });
}

const DAMAGED = new SalverError('E_ARTIFACT_DAMAGED', 'a.tar.gz is damaged', {
  hint: 'copy it again',
  facts: { path: 'a.tar.gz', offset: 7 },
});

test('a failure is shown with its code and hint, and gives its exit status', async () => {
  assert.deepEqual(await runFake(failsWith(DAMAGED), ['work', 'a']), {
    exitCode: 3,
    stdout: '',
    stderr: 'warning: careful\nerror: a.tar.gz is damaged [E_ARTIFACT_DAMAGED]\nhint: copy it again\n',
  });
});

test('with --json a failure is one object on stderr', async () => {
  const { exitCode, stdout, stderr } = await runFake(failsWith(DAMAGED), ['work', 'a', '--json']);
  assert.deepEqual(JSON.parse(stderr), {
    schemaVersion: 1,
    code: 'E_ARTIFACT_DAMAGED',
    exitCode: 3,
    message: 'a.tar.gz is damaged',
    hint: 'copy it again',
    facts: { path: 'a.tar.gz', offset: 7 },
    warnings: ['careful'],
  });
  assert.deepEqual([exitCode, stdout], [3, '']);
});

test('wrong words are an E_USAGE failure, as JSON where that was asked for', async () => {
  const plain = await runFake(WORKS, ['wrok']);
  assert.equal(plain.exitCode, 2);
  assert.equal(plain.stderr, 'error: unknown command "wrok" [E_USAGE]\nhint: did you mean work?\n');
  const { exitCode, stderr } = await runFake(WORKS, ['work', '--nope', '--json']);
  const failure = JSON.parse(stderr) as { code: string; exitCode: number };
  assert.deepEqual([exitCode, failure.code, failure.exitCode], [2, 'E_USAGE', 2]);
});

test('anything unexpected is a bug: shown with its stack, exit status 70', async () => {
  const plain = await runFake(failsWith(new TypeError('x is not a function')), ['work', 'a']);
  assert.equal(plain.exitCode, 70);
  assert.match(plain.stderr, /error: x is not a function \[E_INTERNAL\]\nhint: .*bug.*\nTypeError: x is/);
  const { stderr } = await runFake(failsWith(new TypeError('x is not a function')), ['work', 'a', '--json']);
  const failure = JSON.parse(stderr) as { code: string; exitCode: number; facts: { stack: string[] } };
  assert.deepEqual([failure.code, failure.exitCode], ['E_INTERNAL', 70]);
  assert.ok(failure.facts.stack.length > 1);
});

for (const [name, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`after ${name} every failure is an interruption with exit status ${exitCode}`, async () => {
    for (const error of [
      new SalverError('E_COMMAND_FAILED', 'killed'),
      new DOMException('aborted', 'AbortError'),
    ]) {
      const controller = new AbortController();
      const program = programOf((context) => {
        controller.abort(name);
        assert.ok(context.signal.aborted);
        return Promise.reject(error);
      });
      const run = await runFake(program, ['work', 'a'], { signal: controller.signal });
      assert.equal(run.exitCode, exitCode);
      assert.equal(run.stderr, `error: stopped by ${name} [E_INTERRUPTED]\n`);
    }
  });
}

test('a command that finishes in spite of a signal has succeeded', async () => {
  const controller = new AbortController();
  controller.abort('SIGINT');
  assert.equal((await runFake(WORKS, ['work', 'a'], { signal: controller.signal })).exitCode, 0);
});

test('colour appears on a terminal only, and never with NO_COLOR', async () => {
  const esc = '\u001b[31m';
  const args = ['work', 'a', '-q'];
  const terminal = { columns: 80 };
  assert.ok((await runFake(failsWith(DAMAGED), args, { terminal })).stderr.includes(esc));
  assert.ok(!(await runFake(failsWith(DAMAGED), args)).stderr.includes(esc));
  assert.ok(
    !(await runFake(failsWith(DAMAGED), args, { terminal, env: { NO_COLOR: '1' } })).stderr.includes(esc),
  );
});

test('a command chooses its own exit status when it succeeds', async () => {
  const program = programOf(() => Promise.resolve({ exitCode: 7 }));
  assert.deepEqual(await runFake(program, ['work', 'a', '--json']), { exitCode: 7, stdout: '', stderr: '' });
});
