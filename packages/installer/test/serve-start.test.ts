import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { backOffMs } from '../dist/serve/generation.js';
import { OutputTail } from '../dist/serve/output-tail.js';
import { serveSettings } from '../dist/serve/serve-settings.js';
import { startEnvironment, startScript } from '../dist/serve/start-command.js';
import { makeArtifact } from '@salver/testing';

/** What the server would see: its own process id and the one it is told. */
const SHOW = `node -p '[process.pid, process.env.LISTEN_PID, process.env.LISTEN_FDS, process.env.A].join()'`;

const FORMS = [
  SHOW,
  `A=b ${SHOW}`,
  `A="b" B='; c' ${SHOW}`,
  `A=b exec ${SHOW}`,
  `cd / && ${SHOW}`,
  `true; false || ${SHOW} # the server`,
  `${SHOW} -- --workers $(echo 2) "\${HOME}" \${HOME} 2>/dev/null`,
  `exec ${SHOW}`,
  `if true; then exec ${SHOW}; fi`,
  `true | true; ${SHOW}\n`,
];

test('the server is the process that LISTEN_PID names, in whatever form its command is written', () => {
  for (const start of FORMS) {
    const env = startEnvironment(process.env, 0);
    const { stdout, pid } = spawnSync('/bin/sh', ['-c', startScript(start)], { env, encoding: 'utf8' });
    assert.equal(stdout.trim(), `${pid},${pid},1,${start.startsWith('A=') ? 'b' : ''}`, start);
  }
});

test('a command in which nothing can take the place of the shell is left as it is', () => {
  for (const start of [
    'node a.js | tee log',
    '(node a.js)',
    'node a.js &',
    'for x in 1; do node a.js; done',
  ]) {
    assert.ok(startScript(start).endsWith(`; ${start}`), start);
  }
});

test('what systemd says to the supervisor is not for the app', () => {
  const told = {
    LISTEN_PID: '7',
    LISTEN_FDS: '2',
    LISTEN_FDNAMES: 'x',
    NOTIFY_SOCKET: '/run/n',
    KEPT: 'yes',
  };
  assert.deepEqual(startEnvironment(told, 3), { KEPT: 'yes', LISTEN_FDS: '1', SALVER_WORKER: '3' });
});

test('the waits between starts of a process that crashes double up to half a minute', () => {
  assert.deepEqual([1, 2, 3, 7, 8, 100].map(backOffMs), [250, 500, 1_000, 16_000, 30_000, 30_000]);
});

test('output is passed on as it is, or line by line with a prefix, and its end is kept', async () => {
  const passed: Record<string, string> = {};
  for (const prefix of [undefined, '1.0.0 | ']) {
    const tail = new OutputTail();
    const stream = new PassThrough();
    let text = '';
    tail.follow(stream, (bytes) => (text += bytes.toString()), prefix);
    for (const piece of ['on', 'e\ntw', 'o\nthree']) stream.write(piece);
    stream.end();
    await new Promise((resolve) => stream.once('end', resolve));
    passed[prefix ?? 'plain'] = text;
    assert.equal(tail.text, 'one\ntwo\nthree');
  }
  assert.deepEqual(passed, {
    plain: 'one\ntwo\nthree',
    '1.0.0 | ': '1.0.0 | one\n1.0.0 | two\n1.0.0 | three\n',
  });
});

test('the command line wins over the release, and the release over the defaults', async () => {
  const host = { serve: { workers: 3, ready: '/healthz', drain: '90s' } };
  const { manifest } = await makeArtifact({ 'server.js': '' }, { host });
  const { workers, readyPath, drainMs, readyMs } = serveSettings(manifest, {
    workers: 2,
    readyPath: undefined,
  });
  assert.deepEqual([workers, readyPath, drainMs, readyMs], [2, '/healthz', 90_000, 60_000]);
});
