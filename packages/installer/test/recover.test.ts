// What the next run does about an act that died, for each place where it may have died. The state is made as the
// dead run would have left it, and judged from outside.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { activateRelease, recoverInstallation, rollbackRelease, rootStatus } from '@salver/installer';
import type { RecoveredRoot } from '@salver/installer';
import { hostPaths } from '../dist/host-paths.js';
import { readJournal, writeJournal } from '../dist/journal.js';
import type { Journal } from '../dist/journal.js';
import { historyOf, linkTo, nameOf, release, serveRoot } from './served-root.js';
import { install, snapshot } from './test-root.js';

const QUICK = { deadline: '300ms', interval: '20ms', timeout: '100ms' };

interface DeadRun {
  readonly what: string;
  readonly phase: Journal['phase'];
  /** What the links name: 0 is the release before the current one, 1 the current one, 2 the new one. */
  readonly current: 0 | 1 | 2;
  readonly previous: 0 | 1 | 2;
  readonly status?: string;
  readonly onCrash?: 'verify' | 'rollback' | 'keep';
  readonly outcome: RecoveredRoot['outcome'];
  readonly after: { readonly current: 0 | 1 | 2; readonly previous: 0 | 1 | 2 };
}

const OLD = { current: 1, previous: 0 } as const;
const NEW = { current: 2, previous: 1 } as const;

const DEAD_RUNS: readonly DeadRun[] = [
  { what: 'before `previous` was set', phase: 'activating', ...OLD, outcome: 'not-activated', after: OLD },
  {
    what: 'between `previous` and the switch',
    phase: 'activating',
    current: 1,
    previous: 1,
    outcome: 'not-activated',
    after: OLD,
  },
  { what: 'behind the switch, healthy', phase: 'activating', ...NEW, outcome: 'verified', after: NEW },
  {
    what: 'behind the switch, not healthy',
    phase: 'activating',
    ...NEW,
    status: '500',
    outcome: 'reverted',
    after: OLD,
  },
  {
    what: 'behind the switch, not healthy, to be kept',
    phase: 'activating',
    ...NEW,
    status: '500',
    onCrash: 'keep',
    outcome: 'kept',
    after: NEW,
  },
  {
    what: 'behind the switch, to be taken back in any case',
    phase: 'activating',
    ...NEW,
    onCrash: 'rollback',
    outcome: 'reverted',
    after: OLD,
  },
  { what: 'before the way back', phase: 'rolling-back', ...NEW, outcome: 'reverted', after: OLD },
  {
    what: 'on the way back, behind its rename',
    phase: 'rolling-back',
    current: 1,
    previous: 1,
    outcome: 'reverted',
    after: OLD,
  },
  { what: 'before its last word', phase: 'done', ...NEW, outcome: 'none', after: NEW },
];

for (const { what, phase, current, previous, status, onCrash, outcome, after } of DEAD_RUNS) {
  test(`died ${what} (${phase}): ${outcome}, and a second recovery changes nothing`, async (context) => {
    const { root, url } = await serveRoot(context);
    const host: HostSettings = {
      hooks: {
        check: { http: url, ...QUICK },
        reload: { run: 'echo "$SALVER_RELEASE" >> "$SALVER_ROOT/reloads"' },
      },
    };
    const artifacts = [
      await release(0, host),
      await release(1, host),
      await release(2, host, status === undefined ? {} : { status }),
    ];
    const names = artifacts.map(nameOf);
    for (const [index, artifact] of artifacts.entries())
      await install(root, artifact, { activate: index < 2 });
    const paths = hostPaths(root);
    const [first = '', second = '', third = ''] = names;
    const journal = readJournal(paths);
    assert.ok(journal !== undefined);
    writeJournal(paths, {
      ...journal,
      phase,
      txid: '000003-dead',
      seq: 3,
      from: second,
      to: third,
      previous: first,
    });
    for (const [link, index] of [
      ['current', current],
      ['previous', previous],
    ] as const) {
      rmSync(join(root, link));
      symlinkSync(`releases/${names[index] ?? ''}`, join(root, link));
    }
    symlinkSync(`releases/${second}`, join(root, '.salver-link-back'));
    mkdirSync(join(root, '.salver/staging/tx-dead'));
    rmSync(join(root, 'reloads'));

    const recovered = await recoverInstallation({ root, onCrash });
    assert.equal(recovered.outcome, outcome);
    assert.equal(linkTo(root, 'current'), names[after.current]);
    assert.equal(linkTo(root, 'previous'), names[after.previous]);
    assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
    assert.ok(!readdirSync(root).some((name) => name.startsWith('.salver-')));
    const last = historyOf(root).at(-1);
    if (outcome !== 'none')
      assert.notEqual(last?.['txid'], '000003-dead', 'hooks run under a number of their own');
    if (outcome === 'reverted')
      assert.equal(readFileSync(join(root, 'reloads'), 'utf8').trim().split('\n').at(-1), second);
    const settled = snapshot(root);
    assert.equal((await recoverInstallation({ root })).changed, false);
    assert.deepEqual(snapshot(root), settled);
  });
}

test('a rollback that died right behind its rename gets its `previous`', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const second = await install(root, await release(2));
  const paths = hostPaths(root);
  const journal = readJournal(paths);
  assert.ok(journal !== undefined);
  writeJournal(paths, {
    ...journal,
    act: 'rollback',
    phase: 'activating',
    from: second.release,
    to: first.release,
    previous: first.release,
  });
  rmSync(join(root, 'current'));
  rmSync(join(root, 'previous'));
  symlinkSync(`releases/${first.release}`, join(root, 'current'));
  assert.equal((await recoverInstallation({ root })).outcome, 'verified');
  assert.equal(linkTo(root, 'previous'), second.release);
});

test('a rollback does not check first what was cut off: it leaves it', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const host: HostSettings = { hooks: { check: { run: 'touch "$SALVER_ROOT/checked"; exit 1', ...QUICK } } };
  const second = await install(root, await release(2, host), { activate: false });
  const paths = hostPaths(root);
  const journal = readJournal(paths);
  assert.ok(journal !== undefined);
  writeJournal(paths, {
    ...journal,
    act: 'install',
    phase: 'activating',
    from: first.release,
    to: second.release,
    previous: null,
  });
  rmSync(join(root, 'current'));
  symlinkSync(`releases/${first.release}`, join(root, 'previous'));
  symlinkSync(`releases/${second.release}`, join(root, 'current'));
  assert.match(rootStatus(root).problems.join(), /recover/);
  assert.equal((await rollbackRelease({ root })).release, first.release);
  assert.ok(!existsSync(join(root, 'checked')));
});

test('an install of a release whose activation was cut off is finished, not taken for done', async (context) => {
  const { root, url } = await serveRoot(context);
  const first = await install(root, await release(1));
  const artifact = await release(2, { hooks: { check: { http: url, ...QUICK } } });
  await install(root, artifact);
  const paths = hostPaths(root);
  const journal = readJournal(paths);
  assert.ok(journal !== undefined);
  writeJournal(paths, { ...journal, phase: 'activating' });
  await install(root, artifact);
  assert.equal(readJournal(paths)?.phase, 'done');
  assert.equal(historyOf(root).at(-1)?.['result'], 'verified');
  assert.equal(linkTo(root, 'previous'), first.release);
});

test('what a killed run has left running is ended before anything else runs', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1));
  const left = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    left.once('exit', (_code, signal) => resolve(signal)),
  );
  const stat = readFileSync(`/proc/${left.pid ?? 0}/stat`, 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const note = { pid: left.pid, startTicks, bootId };
  writeFileSync(
    join(root, `.salver/running-${left.pid ?? 0}.json`),
    JSON.stringify({ ...note, startTicks: '1' }),
  );
  assert.equal(
    (await recoverInstallation({ root })).endedCommand,
    false,
    'a stranger with the same number is left alone',
  );
  writeFileSync(join(root, `.salver/running-${left.pid ?? 0}.json`), JSON.stringify(note));
  assert.equal((await recoverInstallation({ root })).endedCommand, true);
  assert.equal(await ended, 'SIGKILL');
});

test('the same release again: nothing is written, no line is added', async (context) => {
  const { root } = await serveRoot(context);
  const artifact = await release(1);
  const { release: name } = await install(root, artifact);
  const before = snapshot(root);
  assert.equal((await install(root, artifact)).changed, false);
  assert.equal((await activateRelease({ root, release: name })).changed, false);
  assert.deepEqual(snapshot(root), before);
});
