// The real Django app with what PyPI has as sources only, uwsgi and psycopg2: compiled once, the same everywhere.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findUnmetNeeds, factsOfDocument } from '@salver/installer';
import type { HostFactsDocument } from '@salver/installer';
import type { Needs } from '@salver/core';
import { buildApp, makeTempDir, runCommand, runJson, runProgram } from './product-harness.js';
import type { BuildReport, InstallReport } from './product-harness.js';
import { unexplainedDifferences } from './python-differences.js';
import type { Explained } from './python-differences.js';
import {
  LAUNCHERS,
  USE_WHEELS,
  missingForCompiling,
  pipCheck,
  pipEnvironment,
  runInRelease,
  tryBuild,
  writeRealApp,
} from './python-real-app.js';

const directory = makeTempDir();
after(() => directory.remove());
const place = (name: string): string => join(directory.path, name);
const app = writeRealApp(place('app'), { compiled: true });
const root = place('root with space');
const compilers = fragileCompilers();

let built: BuildReport | undefined;
let skip = missingForCompiling();
before(async () => {
  if (skip !== undefined) return;
  const first = await tryBuild(app, place('out'), options('cache'));
  if ('unreachable' in first) skip = first.unreachable;
  else built = first;
});

function options(cache: string): { readonly env: Record<string, string> } {
  return { env: { SALVER_CACHE: place(cache), PATH: compilers.path } };
}

/** Compilers that fail once the file `broken` is there. */
function fragileCompilers(): { readonly path: string; readonly broken: string } {
  const bin = place('bin');
  const broken = place('broken');
  mkdirSync(bin);
  for (const name of ['cc', 'gcc', 'c++', 'g++']) {
    const script = `#!/bin/sh\n[ ! -e '${broken}' ] || exit 1\nPATH=$(printf %s "$PATH" | sed 's|${bin}:||') exec ${name} "$@"\n`;
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  }
  return { path: `${bin}:${process.env['PATH'] ?? ''}`, broken };
}

/** A test of the app that is built; skipped with the reason where it is not. */
function testBuilt(name: string, work: (release: BuildReport) => Promise<void>): void {
  test(name, async (t) => {
    if (built === undefined) t.skip(skip ?? 'the app was not built');
    else await work(built);
  });
}

testBuilt('it runs in its release, and psycopg2 and uwsgi with it', async (release) => {
  assert.deepEqual(release.compiled, ['psycopg2@2.9.13', 'uwsgi@2.0.31']);
  await runJson<InstallReport>('salver-host', ['install', release.artifact, '--root', root]);
  assert.match(await runInRelease(root, USE_WHEELS), /"fernet": "secret"/);
  assert.match(await runInRelease(root, 'import psycopg2; print(psycopg2.__version__)'), /^2\.9\.13 /);
  const { stdout } = await runProgram('salver-host', ['run', '--root', root, '--', 'uwsgi', '--version']);
  assert.equal(stdout.trim(), '2.0.31');
});

testBuilt('it is what pip makes of the same lock', async () => {
  const venv = place('venv');
  const pip = await pipEnvironment(app, venv);
  assert.ok(pip !== undefined, 'python3 has no venv module with pip');
  const otherBytes: Explained = [
    ...LAUNCHERS,
    [/^bin\/uwsgi$/, 'compiled: holds the time, the directory and the options of its build'],
    [/psycopg2\/_psycopg\..*\.so$/, 'compiled with debug information, in another directory'],
    [/site-packages\/(uwsgi|psycopg2)-.*\.dist-info\//, 'written by the setuptools that built it'],
  ];
  assert.deepEqual(unexplainedDifferences(join(root, 'current/.venv'), venv, { otherBytes }), []);
  await pipCheck(pip, root);
});

testBuilt('a second build needs neither compiler nor network', async (release) => {
  writeFileSync(compilers.broken, '');
  await assert.rejects(runCommand('gcc', ['--version'], options('cache')));
  const dead = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', HTTPS_PROXY: 'http://127.0.0.1:9' };
  const again = await buildApp(app, place('again'), { env: { ...options('cache').env, ...dead } });
  assert.deepEqual([again.id, again.compiled], [release.id, []]);
});

testBuilt('a host without libpq is refused, and told so', async (release) => {
  const { needs } = await runJson<{ needs: Needs }>('salver', ['inspect', release.artifact]);
  const libpq = needs.libraries?.find(({ name }) => name === 'libpq.so.5');
  assert.match(libpq?.by ?? '', /psycopg2\/_psycopg\./);
  const facts = await runJson<HostFactsDocument>('salver-host', ['facts']);
  assert.deepEqual(await findUnmetNeeds(needs, factsOfDocument(facts)), []);
  const libraries = facts.libraries.filter((name) => name !== 'libpq.so.5');
  const unmet = await findUnmetNeeds(needs, factsOfDocument({ ...facts, libraries }));
  assert.equal(unmet.length, 1);
  assert.match(unmet[0] ?? '', /psycopg2\/_psycopg\..* needs the library libpq\.so\.5/);
});

testBuilt('another builder with nothing in its cache makes the same file', async (release) => {
  const other = await buildApp(writeRealApp(place('elsewhere'), { compiled: true }), place('other-out'), {
    env: { SALVER_CACHE: place('other-cache') },
  });
  assert.equal(other.id, release.id);
  assert.ok(readFileSync(other.artifact).equals(readFileSync(release.artifact)));
});
