import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { formatIdentity, ownIdentity, sha256Hex } from '@salver/core';
import { APP, build, headOf, places, unpack } from './build-place.js';
import type { FakeOptions } from './fake-ecosystem.js';
import { writeTree } from './temp-tree.js';

const noGit = spawnSync('git', ['--version']).status === 0 ? false : 'git is not installed';

test('files that the ecosystem calls executable are, whatever their mode in the source', async (t) => {
  const place = places(t);
  writeTree(place.project, { 'tools/run.sh': '#!/bin/sh\n', 'tools/plain.sh': '#!/bin/sh\n' });
  const { root } = unpack(t, (await build(place)).artifact);
  assert.equal(statSync(join(root, 'tools/run.sh')).mode & 0o111, 0o111);
  assert.equal(statSync(join(root, 'tools/plain.sh')).mode & 0o111, 0);
});

test('a build gives one artifact that tar unpacks to the app, its dependencies and the install script', async (t) => {
  const place = places(t);
  chmodSync(join(place.project, 'server.js'), 0o755);
  symlinkSync('server.js', join(place.project, 'start.js'));
  const result = await build(place);
  assert.equal(basename(result.artifact), `shop-1.4.2-${result.target}-${result.id.slice(0, 12)}.tar.gz`);
  assert.equal(result.sizeBytes, statSync(result.artifact).size);
  assert.deepEqual(
    [result.name, result.version, result.units, result.packagesTotal, result.packagesCached, result.isNew],
    ['shop', '1.4.2', 5, 2, 0, true],
  );
  assert.deepEqual(result.scriptsSkipped, ['a@1.0.0: postinstall']);
  const head = headOf(result.artifact);
  assert.equal(head.id, result.id);
  assert.deepEqual(head.manifest.host, { start: 'node server.js', keep: 3 });
  assert.deepEqual(head.manifest.needs.node, { range: '>=20' });
  assert.deepEqual(
    head.manifest.units.map((unit) => unit.kind),
    ['salver', 'npm-links', 'npm', 'npm', 'app'],
  );
  const { root, files } = unpack(t, result.artifact);
  assert.deepEqual(files, [
    '.salver/install.sh',
    '.salver/layout.json',
    '.salver/manifest.json',
    '.salver/source.json',
    'deps.lock',
    'node_modules/a/index.js',
    'node_modules/b/index.js',
    'package.json',
    'public/logo.png',
    'salver.json',
    'server.js',
    'start.js',
  ]);
  assert.equal(readFileSync(join(root, 'node_modules/b/index.js'), 'utf8'), 'two');
  assert.ok((statSync(join(root, '.salver/install.sh')).mode & 0o111) !== 0);
  assert.ok((statSync(join(root, 'server.js')).mode & 0o111) !== 0);
  assert.deepEqual(readdirSync(join(place.cache, 'tmp')), []);
});

test('the provenance beside the artifact names release, lockfile and tools', async (t) => {
  const place = places(t);
  const { artifact, id } = await build(place);
  const statement = JSON.parse(readFileSync(`${artifact}.provenance.json`, 'utf8')) as {
    subject: { digest: { sha256: string } }[];
    predicateType: string;
    predicate: {
      buildDefinition: { resolvedDependencies: { name: string; digest: { sha256: string } }[] };
      runDetails: { builder: { version: { node: string; salver: string } }; metadata: { startedOn: string } };
    };
  };
  assert.equal(statement.subject[0]?.digest.sha256, id);
  assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v1');
  const lock = statement.predicate.buildDefinition.resolvedDependencies.find(
    ({ name }) => name === 'deps.lock',
  );
  assert.equal(lock?.digest.sha256, createHash('sha256').update(APP['deps.lock']).digest('hex'));
  const { version } = statement.predicate.runDetails.builder;
  assert.deepEqual([version.node, version.salver], [process.versions.node, '0.0.0-test']);
  assert.ok(Date.parse(statement.predicate.runDetails.metadata.startedOn) > 0);
  assert.equal(readFileSync(artifact).includes('0.0.0-test'), false);
});

test('the same source built twice leaves the file and its provenance alone', async (t) => {
  const place = places(t);
  const first = await build(place);
  const before = readdirSync(place.output).map((name) => [name, statSync(join(place.output, name)).ino]);
  const second = await build(place);
  assert.deepEqual([second.id, second.isNew, second.packagesCached], [first.id, false, 2]);
  assert.deepEqual(
    readdirSync(place.output).map((name) => [name, statSync(join(place.output, name)).ino]),
    before,
  );
});

for (const at of ['the beginning', 'the end'] as const) {
  test(`an artifact that is damaged at ${at} is replaced by the right one`, async (t) => {
    const place = places(t);
    const { artifact } = await build(place);
    const good = readFileSync(artifact);
    const bad = Buffer.from(good);
    const position = at === 'the end' ? bad.length - 3 : 30;
    bad[position] = (bad[position] as number) ^ 1;
    writeFileSync(artifact, bad);
    assert.equal((await build(place)).isNew, true);
    assert.ok(readFileSync(artifact).equals(good));
    assert.equal(readdirSync(place.output).length, 2);
  });
}

test('time, place, order of files, umask and environment do not change a byte', async (t) => {
  const first = places(t);
  const second = places(t, Object.fromEntries(Object.entries(APP).reverse()));
  for (const path of Object.keys(APP)) {
    chmodSync(join(second.project, path), 0o600);
    utimesSync(join(second.project, path), 1, 1);
  }
  const one = await build(first);
  const umask = process.umask(0o077);
  const { TZ } = process.env;
  process.env.TZ = 'Pacific/Chatham';
  try {
    const two = await build(
      second,
      {},
      { env: { PATH: process.env.PATH, HOME: '/nonexistent', LC_ALL: 'tr_TR.UTF-8' } },
    );
    assert.equal(two.id, one.id);
    assert.ok(readFileSync(two.artifact).equals(readFileSync(one.artifact)));
  } finally {
    process.umask(umask);
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});

test('a change of the app keeps every member of the dependencies', async (t) => {
  const place = places(t);
  const one = headOf((await build(place)).artifact).manifest;
  writeFileSync(join(place.project, 'server.js'), 'changed();\n');
  const two = headOf((await build(place)).artifact).manifest;
  assert.deepEqual(two.units.slice(0, -1), one.units.slice(0, -1));
  assert.notDeepEqual(two.units.at(-1), one.units.at(-1));
});

test('commit and branch are a label: they change the file, not the release', { skip: noGit }, async (t) => {
  const place = places(t);
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', ...args], {
      cwd: place.project,
      encoding: 'utf8',
    }).trim();
  git('init', '-q', '-b', 'trunk');
  git('add', '.');
  git('commit', '-q', '-m', 'x');
  const one = await build(place);
  assert.deepEqual(headOf(one.artifact).label, {
    format: 1,
    commit: git('rev-parse', 'HEAD'),
    branch: 'trunk',
    dirty: false,
  });
  git('commit', '-q', '--allow-empty', '-m', 'y');
  const two = await build(place);
  assert.equal(two.id, one.id);
  assert.equal(headOf(two.artifact).label.commit, git('rev-parse', 'HEAD'));
  writeFileSync(join(place.project, 'server.js'), 'x');
  assert.equal(headOf((await build(place)).artifact).label.dirty, true);
});

test('a build runs in a clean copy, and what it leaves is what ships', async (t) => {
  const place = places(t, { ...APP, '.gitignore': 'dist/\nlocal.txt\n', 'local.txt': 'not for the build' });
  mkdirSync(join(place.project, 'node_modules/junk'), { recursive: true });
  let appDir = '';
  const fake: FakeOptions = {
    lifecycle: 'echo lifecycle > order.txt',
    defaultBuild: [
      'test ! -e local.txt && mkdir dist && cp node_modules/a/index.js dist/a.js',
      'echo built >> order.txt; rm server.js',
    ],
    onLayOut: (directory) => (appDir = directory),
  };
  const result = await build(place, fake);
  const { root, files } = unpack(t, result.artifact);
  assert.ok(files.includes('dist/a.js') && !files.includes('server.js') && !files.includes('local.txt'));
  assert.equal(readFileSync(join(root, 'order.txt'), 'utf8'), 'lifecycle\nbuilt\n');
  assert.ok(existsSync(join(place.project, 'server.js')), 'the source is untouched');
  assert.ok(!existsSync(join(place.project, 'dist')));
  assert.ok(!existsSync(appDir), 'the copy is gone');
  assert.ok(result.phasesMs.build !== undefined);
});

test('dependencies that the build changed or removed are taken from disk', async (t) => {
  const place = places(t);
  const fake = { defaultBuild: ['printf patched > node_modules/a/index.js; rm node_modules/b/index.js'] };
  const result = await build(place, fake);
  const { root, files } = unpack(t, result.artifact);
  assert.equal(readFileSync(join(root, 'node_modules/a/index.js'), 'utf8'), 'patched');
  assert.ok(!files.includes('node_modules/b/index.js'));
  const unpatched = await build(place);
  assert.equal(
    readFileSync(join(unpack(t, unpatched.artifact).root, 'node_modules/a/index.js'), 'utf8'),
    'one',
  );
});

test('the configuration decides which build runs; an empty list means none', async (t) => {
  const place = places(t, { ...APP, 'salver.json': '{"build": ["echo mine > made.txt"]}' });
  const fake = { defaultBuild: ['exit 1'] };
  assert.ok(unpack(t, (await build(place, fake)).artifact).files.includes('made.txt'));
  writeFileSync(join(place.project, 'salver.json'), '{"build": []}');
  assert.ok(!unpack(t, (await build(place, fake)).artifact).files.includes('made.txt'));
});

test('the clean copy has the same path every time, and builds of one app take turns', async (t) => {
  const place = places(t, { ...APP, 'salver.json': '{"build": ["pwd > where.txt; sleep 0.1"]}' });
  const [one, two] = await Promise.all([build(place), build({ ...place, output: `${place.output}2` })]);
  assert.equal(one.id, two.id);
});

test('a dry run says what would be written and writes no artifact', async (t) => {
  const place = places(t);
  const dry = await build(place, {}, { dryRun: true });
  assert.ok(!existsSync(place.output));
  const real = await build(place);
  assert.deepEqual([dry.artifact, dry.id, dry.sizeBytes], [real.artifact, real.id, real.sizeBytes]);
});

test('what a killed build left in the output directory is removed, what others write is not', async (t) => {
  const place = places(t);
  const running = `.salver-tmp-${formatIdentity(ownIdentity())}.999`;
  const killed = `.salver-tmp-${formatIdentity({ ...ownIdentity(), startTicks: '1' })}.1`;
  writeTree(place.output, { [running]: 'x', [killed]: 'x', 'other.txt': 'x' });
  const { artifact } = await build(place);
  const expected = [running, 'other.txt', basename(artifact), `${basename(artifact)}.provenance.json`];
  assert.deepEqual(readdirSync(place.output).sort(), expected.sort());
});

test('output into the project does not become part of the next release', async (t) => {
  const place = places(t);
  const into = { ...place, output: place.project };
  const one = await build(into);
  const two = await build(into);
  assert.equal(two.id, one.id);
  assert.equal(sha256Hex(readFileSync(two.artifact)), sha256Hex(readFileSync(one.artifact)));
});
