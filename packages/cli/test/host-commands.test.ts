// The commands of `salver-host` from the words on the command line to what lies on disk and on stdout.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeArtifact } from '@salver/testing';
import type { MakeArtifactOptions } from '@salver/testing';
import { SALVER_HOST } from '../dist/index.js';
import { runFake } from './fake-io.js';
import type { FakeRun } from './fake-io.js';

interface Stage {
  readonly directory: string;
  /** Writes an artifact and returns its path relative to the directory. */
  readonly make: (version: string, options?: MakeArtifactOptions) => Promise<string>;
  /** Runs `salver-host` in the directory with the root `root`. */
  readonly run: (...args: readonly string[]) => Promise<FakeRun>;
  /** The same with --json; the object that it printed. */
  readonly json: (...args: readonly string[]) => Promise<Record<string, unknown>>;
}

async function withStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-cli-'));
  const run = (...args: readonly string[]): Promise<FakeRun> =>
    runFake(SALVER_HOST, args, { workingDir: directory, env: { SALVER_ROOT: 'root' } });
  try {
    await work({
      directory,
      make: async (version, options) => {
        const files = { 'server.js': `console.log("${version}")\n`, 'static/a.txt': 'same' };
        const { bytes } = await makeArtifact(files, { name: 'shop', version, ...options });
        writeFileSync(join(directory, `${version}.tar.gz`), bytes);
        return `${version}.tar.gz`;
      },
      run,
      json: async (...args) => {
        const { exitCode, stdout, stderr } = await run(...args, '--json');
        assert.equal(stderr === '' ? exitCode : 0, 0);
        return JSON.parse(stdout === '' ? stderr : stdout) as Record<string, unknown>;
      },
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('install, update, status, rollback and activate change what current names', async () => {
  await withStage(async ({ directory, make, json }) => {
    const first = await json('install', await make('1.0.0'));
    assert.deepEqual([first['schemaVersion'], first['changed'], first['previous']], [1, true, null]);
    const second = await json('install', await make('1.1.0'));
    assert.equal(second['previous'], first['release']);
    assert.equal(readlinkSync(join(directory, 'root/current')), `releases/${String(second['release'])}`);
    assert.equal((await json('install', '1.1.0.tar.gz'))['changed'], false);

    const status = (await json('status')) as { current: { release: string }; releasesTotal: number };
    assert.deepEqual([status.current.release, status.releasesTotal], [second['release'], 2]);
    assert.equal((await json('rollback'))['release'], first['release']);
    assert.equal((await json('activate', '1.1.0'))['release'], second['release']);
    const { releases } = (await json('releases')) as { releases: readonly { version: string }[] };
    assert.deepEqual(releases.map(({ version }) => version).sort(), ['1.0.0', '1.1.0']);
    assert.equal((await json('verify'))['ok'], true);
  });
});

test('text on stdout is the release alone, so that scripts can use it', async () => {
  await withStage(async ({ make, run }) => {
    const installed = await run('install', await make('1.0.0'), '-q');
    assert.match(installed.stdout, /^1\.0\.0-[0-9a-f]{12}\n$/);
    assert.equal(installed.stderr, '');
    assert.equal((await run('verify', '-q')).stdout, installed.stdout);
  });
});

test('--dry-run says what would happen and changes nothing', async () => {
  await withStage(async ({ directory, make, json, run }) => {
    const artifact = await make('1.0.0');
    const would = await json('install', artifact, '--dry-run');
    assert.deepEqual([would['dryRun'], would['changed'], would['previous']], [true, true, null]);
    assert.ok(!existsSync(join(directory, 'root')));

    const installed = await json('install', artifact);
    assert.equal(would['release'], installed['release']);
    assert.equal((await json('install', artifact, '--dry-run'))['changed'], false);
    const next = await json('install', await make('1.1.0'));
    const isCurrent = (): void =>
      assert.equal(readlinkSync(join(directory, 'root/current')), `releases/${String(next['release'])}`);

    assert.deepEqual(await json('rollback', '--dry-run'), {
      schemaVersion: 1,
      changed: true,
      release: installed['release'],
      previous: next['release'],
      dryRun: true,
      warnings: [],
    });
    isCurrent();
    assert.equal((await json('activate', '1.0.0', '--dry-run'))['changed'], true);
    assert.equal((await json('activate', '1.1.0', '--dry-run'))['changed'], false);
    isCurrent();
    assert.equal((await run('activate', '9.9.9', '--dry-run')).exitCode, 4);
  });
});

test('a dry run of an installation refuses what the installation would refuse', async () => {
  await withStage(async ({ directory, make, json }) => {
    const needs = { glibc: { version: '99.0', by: 'a.node' }, musl: { by: 'b.node' } };
    const artifact = await make('1.0.0', { needs, target: 'darwin-arm64' });
    for (const extra of [[], ['--dry-run']]) {
      assert.equal((await json('install', artifact, ...extra))['code'], 'E_PLATFORM_MISMATCH');
    }
    assert.ok(!existsSync(join(directory, 'root')));
  });
});

test('a missing artifact, an unknown release and nothing to roll back to have their own codes', async () => {
  await withStage(async ({ make, json }) => {
    assert.equal((await json('install', 'nothing.tar.gz'))['code'], 'E_ARTIFACT_NOT_FOUND');
    assert.equal((await json('status'))['code'], 'E_RELEASE_NOT_FOUND');
    await json('install', await make('1.0.0'));
    assert.equal((await json('activate', '2.0.0'))['code'], 'E_RELEASE_NOT_FOUND');
    assert.equal((await json('rollback'))['code'], 'E_NOTHING_TO_ROLL_BACK');
    assert.equal((await json('rollback', '--dry-run'))['code'], 'E_NOTHING_TO_ROLL_BACK');
  });
});

test('run ends with the exit status of its command', async () => {
  await withStage(async ({ make, json, run }) => {
    await json('install', await make('1.0.0'));
    const result = await run('run', '--', process.execPath, '-e', 'process.exit(7)');
    assert.deepEqual(result, { exitCode: 7, stdout: '', stderr: '' });
  });
});

test('history, releases and status tell what was done; pin and prune decide what stays', async () => {
  await withStage(async ({ make, json, run }) => {
    const names: string[] = [];
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) {
      names.push(String((await json('install', await make(version)))['release']));
    }
    const [first, second] = names;
    assert.equal((await json('pin', '1.0.0'))['changed'], true);
    assert.equal((await json('pin', '1.0.0'))['changed'], false);
    const would = await json('prune', '--keep', '1', '--dry-run');
    assert.deepEqual([would['dryRun'], would['removed']], [true, [second]]);
    assert.equal((await run('prune', '--keep', '1', '-q')).stdout, `${String(second)}\n`);
    assert.equal((await json('prune', '--keep', '1'))['changed'], false);
    assert.equal((await run('prune', '--keep', 'all')).exitCode, 2);

    const { releases } = (await json('releases')) as { releases: readonly Record<string, unknown>[] };
    const pinned = releases.filter(({ isPinned }) => isPinned).map(({ release }) => release);
    assert.deepEqual(pinned, [first]);
    assert.ok(releases.every(({ health }) => health === 'healthy'));

    const history = (await json('history', '--verify')) as { acts: readonly Record<string, unknown>[] };
    assert.deepEqual(
      history.acts.map(({ act }) => act),
      ['install', 'install', 'install', 'install', 'pin', 'prune'],
    );
    const shown = await run('history', '--show', String(history.acts[0]?.['txid']));
    assert.match(shown.stdout, /install 1\.0\.0-\w+: ok, by /);
    const status = await run('status');
    assert.match(status.stdout, /^current {3}1\.3\.0-\w+, since \S+ by /m);
    assert.match(status.stdout, /^rollback {2}would go to 1\.2\.0-/m);
    assert.equal((await json('recover'))['changed'], false);
  });
});

test('doctor ends with 1 when something is wrong', async () => {
  await withStage(async ({ directory, make, json, run }) => {
    await json('install', await make('1.0.0'));
    assert.equal((await run('doctor')).exitCode, 0);
    writeFileSync(join(directory, 'root/.salver/history.jsonl'), 'not a history\n');
    const { exitCode, stdout } = await run('doctor');
    assert.equal(exitCode, 1);
    assert.match(stdout, /problem +history/);
    assert.equal((await run('history', '--verify')).exitCode, 3);
  });
});

test('facts print what this host offers', async () => {
  await withStage(async ({ json, run }) => {
    const facts = await json('facts');
    assert.equal((facts['node'] as { version: string }).version, process.versions.node);
    assert.match(String(facts['target']), /^[a-z]+-/);
    const printed = JSON.parse((await run('facts')).stdout) as Record<string, unknown>;
    assert.deepEqual(printed['libraries'], facts['libraries']);
  });
});

test('hooks and checks run through the command; a dry run refuses what the activation would', async () => {
  await withStage(async ({ directory, make, json, run }) => {
    await json('install', await make('1.0.0'));
    const hooks = {
      migrate: { run: 'touch "$SALVER_ROOT/migrated"', phase: 'contract' },
      check: { run: 'true' },
    } as const;
    const host = { hooks, env: { TOKEN: { required: true } } };
    const artifact = await make('1.1.0', { host });
    for (const extra of [[], ['--dry-run']]) {
      assert.equal((await json('install', artifact, ...extra))['code'], 'E_ENV_UNMET');
    }
    mkdirSync(join(directory, 'root/config'));
    writeFileSync(join(directory, 'root/config/env'), 'TOKEN=x\n');
    assert.equal((await json('install', artifact, '--migrate', '--watch', '1s'))['changed'], true);
    assert.deepEqual((await json('status', '--check'))['now'], {
      passed: true,
      detail: 'the command succeeds',
    });
    assert.ok(existsSync(join(directory, 'root/migrated')));
    for (const extra of [[], ['--dry-run']]) {
      assert.equal((await json('rollback', ...extra))['code'], 'E_ROLLBACK_UNSAFE');
      assert.equal((await json('activate', '1.0.0', ...extra))['code'], 'E_ROLLBACK_UNSAFE');
    }
    assert.match((await run('status')).stdout, /^rollback {2}refused/m);
    assert.equal((await json('rollback', '--force'))['changed'], true);
    const failing = await make('1.2.0', { host: { hooks: { check: { run: 'false', deadline: '50ms' } } } });
    const failed = await json('install', failing);
    assert.deepEqual([failed['code'], failed['exitCode']], ['E_ACTIVATION_FAILED', 6]);
  });
});
