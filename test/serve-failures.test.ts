// What goes wrong when a release takes over, and that the one before serves all the while.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { HostSettings } from '@salver/core';
import { describeCounts, startLoad, totalOf } from './load-client.js';
import { makeTempDir, runProgram, startProgram } from './product-harness.js';
import { assertRefused } from './refusal.js';
import { installApp, nodeApp } from './serve-apps.js';
import { Supervised, activate, ask, processesOf, until } from './supervised.js';

interface Setting {
  readonly root: string;
  readonly first: string;
  readonly supervised: Supervised;
}

async function serveFirst(t: TestContext, options: readonly string[] = ['--drain', '5s']): Promise<Setting> {
  const directory = makeTempDir();
  const root = join(directory.path, 'root');
  const first = await installApp(root, '1.0.0', nodeApp());
  await activate(root, first);
  const supervised = await Supervised.start(root, ...options);
  t.after(async () => {
    await supervised.clear();
    directory.remove();
  });
  await supervised.untilServing(first);
  return { root, first, supervised };
}

const LISTEN = "require('http').createServer((q, a) => a.end('{}')).listen({ fd: 3 })";

/** Releases that must not take over; the reason has to say why. */
const BAD_RELEASES: readonly {
  readonly name: string;
  readonly server: string;
  readonly host?: HostSettings;
  readonly deadlineMs?: number;
  readonly reason: RegExp;
  readonly output?: RegExp;
}[] = [
  {
    name: 'ends at once with an error',
    server: "console.error('no such table: users'); process.exit(3);",
    reason: /exited with status 3/,
    output: /no such table: users/,
  },
  {
    name: 'listens and dies',
    server: `${LISTEN}; setTimeout(() => { throw new Error('out of luck'); }, 300);`,
    reason: /exited with status 1/,
    output: /out of luck/,
  },
  {
    name: 'is killed for its memory while it starts',
    server: "process.kill(process.pid, 'SIGKILL'); setTimeout(() => undefined, 60_000);",
    reason: /ended by SIGKILL/,
  },
  {
    name: 'never listens',
    server: "console.log('thinking'); setInterval(() => undefined, 1000);",
    deadlineMs: 1_500,
    reason: /did not accept a connection .* within 1\.5 s/,
    output: /thinking/,
  },
  {
    name: 'answers 500',
    server: "require('http').createServer((q, a) => { a.statusCode = 500; a.end(); }).listen({ fd: 3 })",
    host: { serve: { ready: '/healthz' } },
    deadlineMs: 1_500,
    reason: /\/healthz answered with status 500/,
  },
  {
    name: 'has a command that does not exist',
    server: '',
    host: { start: 'no-such-program --listen' },
    reason: /exited with status 127/,
    output: /not found/,
  },
];

test('a release that does not become ready does not take over, and the one before serves on', async (t) => {
  const { root, first, supervised } = await serveFirst(t);
  for (const [index, bad] of BAD_RELEASES.entries()) {
    await t.test(`when it ${bad.name}`, async () => {
      const { server, host, deadlineMs, reason, output } = bad;
      const release = await installApp(root, `2.0.${index}`, nodeApp(server, host));
      const load = startLoad({ port: supervised.port, keepAlive: 2, oneShot: 2 });
      const answer = await supervised.switchTo(release, deadlineMs);
      const counts = await load.stop();
      assert.equal(answer.state, 'failed');
      assert.match(answer.reason ?? '', reason);
      if (output !== undefined) assert.match(answer.output ?? '', output);
      const status = await supervised.status();
      assert.deepEqual([status.release, status.state], [first, 'serving']);
      assert.ok(totalOf(counts, 'ok') > 0, describeCounts(counts));
      // What a release answers that accepts and then fails is its own: no supervisor can take it back.
      if (!server.includes('listen(')) assert.equal(totalOf(counts, 'failed'), 0, describeCounts(counts));
      await until('the failed one is gone', () => processesOf(root).length === 1);
      assert.deepEqual(await supervised.switchTo(first), { state: 'switched', durationMs: 0 });
    });
  }
});

test('the command that activates a release which cannot be served takes it back and says why', async (t) => {
  const { root, first, supervised } = await serveFirst(t);
  const bad = await installApp(root, '2.0.0', nodeApp("console.error('no such table'); process.exit(3)"));
  const load = startLoad({ port: supervised.port, keepAlive: 2, oneShot: 2 });
  const result = await runProgram('salver-host', ['activate', bad, '--root', root, '--json']);
  const counts = await load.stop();
  const { facts = {} } = assertRefused(result, 'E_ACTIVATION_FAILED');
  assert.deepEqual([facts['phase'], facts['current']], ['serve', first]);
  assert.equal(basename(readlinkSync(join(root, 'current'))), first);
  assert.equal(totalOf(counts, 'failed'), 0, describeCounts(counts));
  t.diagnostic(`back after ${String(facts['revertMs'])} ms; ${describeCounts(counts)}`);
});

test('requests under way are finished by the release that began them', async (t) => {
  const { root, supervised } = await serveFirst(t);
  const second = await installApp(root, '2.0.0', nodeApp());
  const slow = fetch(`http://127.0.0.1:${supervised.port}/slow`);
  // The settle time is longer than it takes to accept: the old one has the request when it is asked to go.
  assert.equal((await supervised.switchTo(second)).state, 'switched');
  assert.deepEqual(((await (await slow).json()) as { now: string }).now, '1.0.0');
});

test('a release that ignores SIGTERM is killed with its children when the drain time is over', async (t) => {
  const { root, supervised } = await serveFirst(t, ['--drain', '1s', '--settle', '0s']);
  const deaf = nodeApp(
    `${LISTEN}; process.on('SIGTERM', () => undefined);
     require('child_process').spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' });`,
  );
  assert.equal((await supervised.switchTo(await installApp(root, '2.0.0', deaf))).state, 'switched');
  const third = await installApp(root, '3.0.0', nodeApp());
  assert.equal((await supervised.switchTo(third)).state, 'switched');
  assert.ok((await supervised.status()).draining.length > 0);
  await until('the deaf one is killed', () =>
    /was still busy after 1 s and was killed/.test(supervised.told),
  );
  assert.equal(processesOf(root).length, 1);
  assert.deepEqual((await supervised.status()).draining, []);
});

test('a process that crashes is started anew, and clients only wait', async (t) => {
  const { first, supervised } = await serveFirst(t);
  const [pid = 0] = (await supervised.status()).processes;
  process.kill(pid, 'SIGKILL');
  const response = await fetch(`http://127.0.0.1:${supervised.port}/`);
  assert.equal(response.status, 200);
  const status = await supervised.untilServing(first);
  assert.equal(status.restarts, 1);
  assert.notEqual(status.processes[0], pid);
});

test('a release that crashes again and again is reported, and another one takes over', async (t) => {
  const directory = makeTempDir();
  const root = join(directory.path, 'root');
  const bad = await installApp(root, '1.0.0', nodeApp('process.exit(1)'));
  await activate(root, bad);
  const supervised = await Supervised.start(root);
  t.after(async () => {
    await supervised.clear();
    directory.remove();
  });
  await until('it is failing', async () => (await supervised.status()).state === 'failing');
  // A client that comes meanwhile waits in the queue of the socket.
  const waiting = fetch(`http://127.0.0.1:${supervised.port}/`);
  assert.equal((await supervised.switchTo(await installApp(root, '2.0.0', nodeApp()))).state, 'switched');
  assert.equal(((await (await waiting).json()) as { now: string }).now, '2.0.0');
});

test('SIGHUP starts the release that is current now, with the settings as they are now', async (t) => {
  const { root, first, supervised } = await serveFirst(t, ['--settle', '0s']);
  const [before] = (await supervised.status()).processes;
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/env'), 'GREETING=hello\n');
  supervised.program.child.kill('SIGHUP');
  await until('it was started anew', async () => {
    const { processes, state } = await supervised.status();
    return state === 'serving' && processes[0] !== before;
  });
  await activate(root, await installApp(root, '2.0.0', nodeApp()));
  supervised.program.child.kill('SIGHUP');
  await until('2.0.0 serves', async () => (await supervised.status()).release !== first);
});

test('SIGTERM lets requests under way finish and leaves nothing behind', async (t) => {
  const { root, supervised } = await serveFirst(t);
  const slow = fetch(`http://127.0.0.1:${supervised.port}/slow`);
  await until('it has been accepted', () => hasConnection(supervised));
  const end = await supervised.stop();
  assert.equal(end.status, 0);
  assert.equal((await slow).status, 200);
  assert.deepEqual(processesOf(root), []);
});

test('a second supervisor of the same root is refused', async (t) => {
  const { root } = await serveFirst(t);
  const { ended } = startProgram('salver-host', [
    'serve',
    ...['--root', root, '--listen', '127.0.0.1:0', '--json'],
  ]);
  const { status, stderr } = await ended;
  assert.equal(status, 5);
  assert.match(stderr, /E_LOCK_HELD/);
});

test('apps of a killed supervisor serve on, and the next one takes over from them and ends them', async (t) => {
  const { root, first, supervised } = await serveFirst(t);
  const orphans = processesOf(root);
  supervised.program.child.kill('SIGKILL');
  await supervised.program.ended;
  assert.equal((await fetch(`http://127.0.0.1:${supervised.port}/`)).status, 200);
  const next = await Supervised.start(root, '--listen', `127.0.0.1:${supervised.port}`);
  t.after(() => next.clear());
  await next.untilServing(first);
  assert.match(next.told, /that a killed supervisor left behind/);
  assert.deepEqual(
    processesOf(root).filter((pid) => orphans.includes(pid)),
    [],
  );
  assert.equal((await fetch(`http://127.0.0.1:${supervised.port}/`)).status, 200);
});

test('the control socket takes orders from its own user only, and no nonsense', async (t) => {
  const { root, first, supervised } = await serveFirst(t);
  for (const nonsense of [{}, { do: 'fly' }, { do: 'switch', release: 7, deadlineMs: 1 }]) {
    await assert.rejects(ask(root, nonsense), SyntaxError);
  }
  const gone = await ask(root, { do: 'switch', release: '../../etc', deadlineMs: 1_000 });
  assert.equal((gone as { state: string }).state, 'failed');
  assert.equal((await supervised.status()).release, first);
  assert.equal(statSync(join(root, '.salver/serve/serve.sock')).mode & 0o777, 0o600);
});

function hasConnection({ port }: Supervised): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return new RegExp(`${local} \\S+ 01 .* [1-9][0-9]* [0-9]+ [0-9a-f]+ `).test(
    readFileSync('/proc/net/tcp', 'utf8'),
  );
}
