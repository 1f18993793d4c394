// `salver inspect`, `verify`, `diff`, `init` and `cache`.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatTarget, hostTarget } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { SALVER } from '../dist/index.js';
import { runFake } from './fake-io.js';
import type { FakeRun } from './fake-io.js';

type Json = Record<string, unknown>;

interface Stage {
  readonly directory: string;
  readonly run: (...args: readonly string[]) => Promise<FakeRun>;
  readonly json: (...args: readonly string[]) => Promise<Json>;
}

const OLD_FILES = {
  'node_modules/a/index.js': 'a1',
  'node_modules/b/index.js': 'b1',
  'server.js': 'one',
};
const NEW_FILES = {
  'node_modules/a/index.js': 'a1',
  'node_modules/c/index.js': 'c'.repeat(5000),
  'server.js': 'two',
};

/** A directory with two artifacts, old.tar.gz and new.tar.gz. */
async function withArtifacts(work: (stage: Stage) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-cli-'));
  const run = (...args: readonly string[]): Promise<FakeRun> =>
    runFake(SALVER, args, { workingDir: directory, env: { SALVER_CACHE: join(directory, 'cache') } });
  try {
    const units = { name: 'shop', unitPaths: ['node_modules/a', 'node_modules/b', 'node_modules/c'] };
    const old = await makeArtifact(OLD_FILES, { ...units, version: '1.0.0' });
    const needs = {
      glibc: { version: '2.34', by: 'x.node' },
      libraries: [{ name: 'libpq.so.5', by: 'x.node' }],
    };
    const now = await makeArtifact(NEW_FILES, {
      ...units,
      version: '1.1.0',
      needs,
      host: { start: 'node .' },
    });
    writeFileSync(join(directory, 'old.tar.gz'), old.bytes);
    writeFileSync(join(directory, 'new.tar.gz'), now.bytes);
    await work({
      directory,
      run,
      json: async (...args) => {
        const { stdout, stderr } = await run(...args, '--json');
        return JSON.parse(stdout === '' ? stderr : stdout) as Json;
      },
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('inspect shows identity, needs, settings and units', async () => {
  await withArtifacts(async ({ directory, run, json }) => {
    const shown = await json('inspect', 'new.tar.gz');
    assert.equal(shown['name'], 'shop');
    assert.equal(shown['sizeBytes'], readFileSync(join(directory, 'new.tar.gz')).length);
    assert.deepEqual(shown['needs'], {
      glibc: { version: '2.34', by: 'x.node' },
      libraries: [{ name: 'libpq.so.5', by: 'x.node' }],
    });
    const units = shown['units'] as { path: string; members: number; storedBytes: number }[];
    assert.deepEqual(units.map(({ path }) => path).sort(), ['', 'node_modules/a', 'node_modules/c']);
    assert.ok(units.every(({ members, storedBytes }) => members > 0 && storedBytes > 0));

    const { stdout } = await run('inspect', 'new.tar.gz', '--units');
    for (const text of [
      'glibc 2.34 (x.node)',
      'libpq.so.5',
      'node .',
      'node_modules/c',
      String(shown['id']),
    ]) {
      assert.ok(stdout.includes(text), text);
    }
  });
});

test('verify accepts a sound artifact and refuses a damaged one', async () => {
  await withArtifacts(async ({ directory, json }) => {
    assert.equal((await json('verify', 'old.tar.gz'))['ok'], true);
    const bytes = readFileSync(join(directory, 'old.tar.gz'));
    bytes[bytes.length - 60] = (bytes[bytes.length - 60] ?? 0) ^ 1;
    writeFileSync(join(directory, 'old.tar.gz'), bytes);
    assert.equal((await json('verify', 'old.tar.gz'))['exitCode'], 3);
  });
});

test('diff names what was added, removed and changed, and what an update moves', async () => {
  await withArtifacts(async ({ run, json }) => {
    const diff = await json('diff', 'old.tar.gz', 'new.tar.gz');
    const units = diff['units'] as { change: string; path: string; sizeChangeBytes: number }[];
    assert.deepEqual(
      units.map(({ change, path, sizeChangeBytes }) => [change, path, sizeChangeBytes]),
      [
        ['changed', '', 0],
        ['removed', 'node_modules/b', -2],
        ['added', 'node_modules/c', 5000],
      ],
    );
    assert.deepEqual(diff['needs'], { added: ['glibc 2.34', 'libpq.so.5'], removed: [] });
    assert.deepEqual(diff['hostSettings'], ['start']);
    assert.deepEqual([diff['membersShared'], diff['membersTotal'], diff['same']], [1, 3, false]);
    assert.equal(diff['sizeChangeBytes'], 4998);

    const { stdout } = await run('diff', 'old.tar.gz', 'new.tar.gz');
    for (const text of ['+ glibc 2.34', '1 of 3 members are shared', 'changed on the host: start']) {
      assert.ok(stdout.includes(text), text);
    }
    const same = await run('diff', 'new.tar.gz', 'new.tar.gz');
    assert.match(same.stdout, /^the same release: shop 1\.1\.0/);
  });
});

test('check compares with the facts of hosts, and names the one that does not fit', () =>
  withArtifacts(async ({ directory, run, json }) => {
    const node = { version: '20.19.4', modules: 115 };
    const facts = (name: string, change: object): void => {
      const fit = { target: formatTarget(hostTarget()), glibc: '2.36', node, libraries: ['libpq.so.5'] };
      writeFileSync(join(directory, name), JSON.stringify({ schemaVersion: 1, ...fit, ...change }));
    };
    facts('fit.json', {});
    facts('old.json', { glibc: '2.28', libraries: [] });
    facts('odd.json', { node: null });
    const fits = await run('check', 'new.tar.gz', '--host', 'fit.json');
    assert.deepEqual([fits.exitCode, fits.stdout], [0, 'fit.json: fits\n']);
    const refused = await json('check', 'new.tar.gz', '--host', 'fit.json', '--host', 'old.json');
    assert.deepEqual([refused['code'], refused['exitCode']], ['E_NEEDS_UNMET', 5]);
    assert.match(String(refused['message']), /^old\.json: .*glibc 2\.34.*2\.28.*libpq\.so\.5/);
    for (const words of [['--host', 'odd.json'], ['--host', 'old.tar.gz'], []])
      assert.equal((await json('check', 'new.tar.gz', ...words))['code'], 'E_USAGE');
  }));

test('a name of a foreign manifest cannot write to the terminal', async () => {
  await withArtifacts(async ({ directory, run }) => {
    const evil = await makeArtifact(OLD_FILES, {
      needs: { musl: { by: 'x\u001b[2J' } },
      commit: 'a\u001b[31m',
    });
    writeFileSync(join(directory, 'evil.tar.gz'), evil.bytes);
    const { exitCode, stdout } = await run('inspect', 'evil.tar.gz');
    assert.equal(exitCode, 0);
    assert.ok(!stdout.includes('\u001b'));
  });
});

test('init writes a configuration once and never over another', async () => {
  await withArtifacts(async ({ directory, run, json }) => {
    mkdirSync(join(directory, 'app'));
    writeFileSync(join(directory, 'app/package.json'), '{"name":"shop"}');
    const { stdout } = await run('init', 'app');
    assert.equal(stdout, `${join(directory, 'app/salver.json')}\n`);
    const before = readFileSync(join(directory, 'app/salver.json'), 'utf8');
    assert.equal((await json('init', 'app'))['code'], 'E_USAGE');
    assert.equal(readFileSync(join(directory, 'app/salver.json'), 'utf8'), before);
  });
});

test('cache ls, prune and verify work on an empty cache, and prune wants a limit', async () => {
  await withArtifacts(async ({ directory, run, json }) => {
    assert.deepEqual((await json('cache', 'ls'))['entries'], 0);
    assert.ok(existsSync(join(directory, 'cache')));
    assert.equal((await json('cache', 'verify'))['ok'], true);
    assert.equal((await json('cache', 'prune', '--unused', '30d', '--max-size', '1GB'))['removed'], 0);
    assert.equal((await json('cache', 'prune'))['code'], 'E_USAGE');
    assert.match((await run('cache', 'ls')).stdout, /0 B in /);
  });
});
