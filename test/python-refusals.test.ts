// Python releases that are refused, at build and on hosts: each with its own code, and nothing changed.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeWheel } from '@salver/testing';
import { buildApp, runProgram } from './product-harness.js';
import { nativeSdist } from './python-app.js';
import { PythonBuilds, noCompiler, noPython, refusal } from './python-builds.js';
import type { ErrorReport } from './python-builds.js';

const skip = noPython ?? false;
const builds = new PythonBuilds();
before(() => builds.start());
after(() => builds.stop());

const wheel = (name: string, code: string) => [makeWheel({ name, files: { 'fx_same.py': code } })];

test('two wheels that bring one path with different content', { skip }, async () => {
  const packages = { 'fx-a': wheel('fx-a', 'A = 1\n'), 'fx-b': wheel('fx-b', 'A = 2\n') };
  const { code, message } = await builds.refusedBuild('clash', packages, 'html');
  assert.equal(code, 'E_FILE_CONFLICT');
  assert.match(message, /fx-a 1\.0 and fx-b 1\.0 both bring .*fx_same\.py/);
});

test('a wheel whose RECORD is wrong', { skip }, async () => {
  const lying = makeWheel({
    name: 'fx-a',
    files: { 'a.py': 'A = 1\n' },
    record: (text) => text.replace('a.py', 'b.py'),
  });
  const { code, message } = await builds.refusedBuild('record', { 'fx-a': [lying] });
  assert.equal(code, 'E_WHEEL_DAMAGED');
  assert.match(message, /fx_a-1\.0-py3-none-any\.whl/);
});

test(
  'a source distribution that does not compile, each time anew',
  { skip: noCompiler ?? false },
  async () => {
    const broken = { 'fx-native': [nativeSdist({ 'native.c': '#include <fx-nowhere.h>\n' })] };
    for (let round = 0; round < 2; round += 1) {
      const { code, message } = await builds.refusedBuild('broken', broken);
      assert.equal(code, 'E_SDIST_BUILD_FAILED');
      assert.match(message, /fx-nowhere\.h/);
    }
  },
);

test('a source distribution that asks for a build tool nobody pinned', { skip }, async () => {
  const pyproject =
    '[build-system]\nrequires = ["fx-build>=2"]\nbuild-backend = "backend"\nbackend-path = ["."]\n';
  const sdist = nativeSdist({ 'pyproject.toml': pyproject });
  const app = builds.writeApp('unpinned', {
    'requirements.txt': `fx-native==1.0 --hash=sha256:${sdist.sha256}\n--find-links ${builds.place('links')}\n`,
    'requirements-build.txt': '',
    'salver.json': JSON.stringify({ python: { buildRequirements: 'requirements-build.txt' } }),
  });
  writeLinks(sdist.fileName, sdist.bytes);
  const { code, message } = await refusal(
    ['build', app, '--output', builds.place('out')],
    builds.options('unpinned-cache'),
  );
  assert.equal(code, 'E_BUILD_REQUIREMENT_UNPINNED');
  assert.match(message, /fx-native 1\.0 .* not pinned: fx-build>=2/);
});

function writeLinks(fileName: string, bytes: Buffer): void {
  mkdirSync(builds.place('links'), { recursive: true });
  writeFileSync(builds.place('links', fileName), bytes);
}

const HASH = 'a'.repeat(64);
const PYLOCK = 'lock-version = "1.0"\ncreated-by = "test"\n';
const LOCKS: readonly (readonly [title: string, files: Readonly<Record<string, string>>, code: string])[] = [
  ['a damaged lock', { 'pylock.toml': '[[packages' }, 'E_LOCK_INVALID'],
  ['a lock without hashes', { 'requirements.txt': 'fx-tool==1.0\n' }, 'E_INTEGRITY_MISSING'],
  ['an editable installation', { 'requirements.txt': '-e .\n' }, 'E_EDITABLE_REFUSED'],
  [
    'a lock for another Python',
    { 'pylock.toml': `${PYLOCK}requires-python = ">=3.99"\n` },
    'E_ENGINE_UNSUPPORTED',
  ],
  [
    'a hash that no file has',
    { 'requirements.txt': `fx-tool==1.0 --hash=sha256:${HASH}\n` },
    'E_PACKAGE_NOT_FOUND',
  ],
  [
    'a package that no index has',
    { 'requirements.txt': `fx-none==1.0 --hash=sha256:${HASH}\n` },
    'E_PACKAGE_NOT_FOUND',
  ],
  ['another tool’s lock', { 'poetry.lock': '' }, 'E_LOCK_UNSUPPORTED'],
  ['no lock at all', { 'pyproject.toml': '[project]\nname = "x"\n' }, 'E_LOCK_MISSING'],
  [
    'a Python that is not here',
    { 'salver.json': '{"python": {"version": "3.99"}}', 'pylock.toml': PYLOCK },
    'E_TOOL_MISSING',
  ],
];

for (const [title, files, code] of LOCKS) {
  test(title, { skip }, async () => {
    const app = builds.place('locks', title.replaceAll(' ', '-'));
    mkdirSync(app, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
    const error: ErrorReport = await refusal(
      ['build', app, '--output', builds.place('out')],
      builds.options(),
    );
    assert.equal(error.code, code, error.message);
  });
}

test('a release for another Python than the host has, before anything is written', { skip }, async () => {
  const { artifact } = await buildApp(builds.writeApp('app'), builds.place('out'), builds.options());
  const root = builds.place('unfit');
  const fake = builds.place('python3.99');
  const answer = JSON.stringify(['cpython', fake, '3.99.1', 'cpython-399-x86_64-linux-gnu', '/lib']);
  writeFileSync(fake, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  const env = { SALVER_PYTHON: fake };
  const refused = await runProgram('salver-host', ['install', artifact, '--root', root, '--json'], { env });
  const error = JSON.parse(refused.stderr.trim().split('\n').at(-1) ?? '') as ErrorReport;
  assert.deepEqual([refused.status, error.code], [5, 'E_NEEDS_UNMET']);
  assert.match(error.message, /needs Python 3\.\d+; this host has 3\.99\.1/);
  assert.equal(existsSync(root), false);
});

test('what somebody changes of the links is found', { skip }, async () => {
  const root = builds.place('tampered');
  const { artifact } = await buildApp(builds.writeApp('app'), builds.place('out'), builds.options());
  await builds.install(artifact, root);
  writeFileSync(join(root, 'current/.venv/pyvenv.cfg'), 'home = /tmp\n');
  const result = await runProgram('salver-host', ['verify', '--root', root, '--json']);
  const { code, facts } = JSON.parse(result.stderr.trim().split('\n').at(-1) ?? '') as ErrorReport;
  assert.deepEqual([code, facts['paths']], ['E_RELEASE_DAMAGED', ['.venv/pyvenv.cfg']]);
});

test('an activation whose interpreter is gone, and its installation mends it', { skip }, async () => {
  const root = builds.place('gone');
  const { artifact } = await buildApp(builds.writeApp('app'), builds.place('out'), builds.options());
  const { release } = await builds.install(artifact, root);
  const other = builds.writeApp('app-next', { 'extra.txt': 'x' });
  await builds.install((await buildApp(other, builds.place('out-next'), builds.options())).artifact, root);
  const bin = join(root, 'releases', release, '.venv/bin');
  const link = readdirSync(bin).find((name) => name.startsWith('python3.')) ?? '';
  rmSync(join(bin, link));
  symlinkSync('/nowhere/python3.11', join(bin, link));
  const result = await runProgram('salver-host', ['activate', release, '--root', root, '--json']);
  const { code, message } = JSON.parse(result.stderr.trim().split('\n').at(-1) ?? '') as ErrorReport;
  assert.equal(code, 'E_NEEDS_UNMET');
  assert.match(message, /\/nowhere\/python3\.11, the Python of the release, is not there/);
  assert.equal((await builds.install(artifact, root)).changed, true);
  assert.equal((await builds.runApp(root)).version, '1.0');
});
