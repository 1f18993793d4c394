// Python apps from lock to host, with packages made here: no registry is needed.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  buildApp,
  describeEnd,
  runJson,
  runProgram,
  startCommand,
  workspaceDirectory,
} from './product-harness.js';
import { requirementsOf, versionWheel } from './python-app.js';
import { PythonBuilds, noCompiler, noPython, refusal } from './python-builds.js';
import type { AppReport } from './python-builds.js';

const skip = noPython ?? false;
const builds = new PythonBuilds();
const app = builds.writeApp('app');
const out = builds.place('out');

before(() => builds.start());
after(() => builds.stop());

test(
  'an app is built from its lock and runs on a host, at a path with a space, through current',
  { skip },
  async () => {
    const built = await buildApp(app, out, builds.options());
    assert.deepEqual(built.compiled, noCompiler === undefined ? ['fx-native@1.0'] : []);
    const root = builds.place('root with space');
    const { release } = await builds.install(built.artifact, root);
    const report = await builds.runApp(root);
    const { version, text, tag, plat } = report;
    assert.deepEqual([version, text, tag, plat], ['1.0', 'a resource', 'py3-none-any', 'platlib']);
    if (noCompiler === undefined) assert.equal(report.native, 42);
    const real = realpathSync(join(root, 'releases', release));
    const runs = async (name: string, ...args: string[]): Promise<readonly [number | null, string]> => {
      const { status, stdout } = await startCommand(join(root, 'current/.venv/bin', name), args).ended;
      return [status, stdout];
    };
    assert.deepEqual(await runs('fx-tool', 'a b', 'c'), [3, `fx-tool ${real}/.venv a b c\n`]);
    assert.deepEqual(await runs('fx-script'), [0, 'fx-script a resource\n']);
    assert.deepEqual(await runs('fx-shell', 'x y'), [0, 'fx-shell x y\n']);
    const run = await runProgram('salver-host', ['run', '--root', root, '--', 'python', 'main.py'], {
      env: { PYTHONPATH: '/nowhere' },
    });
    assert.equal((JSON.parse(run.stdout) as AppReport).prefix, `${real}/.venv`);
    assert.equal((await runProgram('salver-host', ['verify', '--root', root])).status, 0);
  },
);

test('a second build fetches and compiles nothing: no network, a broken compiler', { skip }, async () => {
  const { PATH, broken } = fragileCompiler();
  const first = await buildApp(app, out, builds.options('fragile-cache', { PATH }));
  const asked = builds.requestsSoFar;
  writeFileSync(broken, '');
  const nowhere = { PATH, PIP_INDEX_URL: 'http://127.0.0.1:9/simple' };
  const again = await buildApp(app, builds.place('out-again'), builds.options('fragile-cache', nowhere));
  assert.equal(again.id, first.id);
  assert.deepEqual(again.compiled, []);
  assert.equal(builds.requestsSoFar, asked);
  assert.ok(readFileSync(again.artifact).equals(readFileSync(first.artifact)));
  if (noCompiler !== undefined) return;
  // The same compiler does break a build that needs it.
  const fails = await refusal(['build', app, '--output', out], builds.options('fresh-cache', { PATH }));
  assert.equal(fails.code, 'E_SDIST_BUILD_FAILED');
});

/** The compiler is part of what compiled things are kept under, so it is one program that fails once a file is there. */
function fragileCompiler(): { readonly PATH: string; readonly broken: string } {
  const bin = builds.place('bin');
  const broken = builds.place('compiler-is-broken');
  mkdirSync(bin);
  const script = `#!/bin/sh\n[ ! -e '${broken}' ] || exit 1\nPATH=$(printf %s "$PATH" | sed 's|${bin}:||') exec cc "$@"\n`;
  writeFileSync(join(bin, 'cc'), script, { mode: 0o755 });
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}`, broken };
}

test('two builders in two places make the same file', { skip }, async () => {
  const first = await buildApp(app, out, builds.options());
  const other = builds.writeApp('elsewhere/and deeper/app');
  const second = await buildApp(other, builds.place('out-other'), builds.options('other-cache'));
  assert.equal(second.id, first.id);
  assert.ok(readFileSync(second.artifact).equals(readFileSync(first.artifact)));
});

test('the order of the lock does not matter to the packages', { skip }, async () => {
  const unitsOf = async (directory: string, cache: string): Promise<unknown> => {
    const { artifact } = await buildApp(directory, builds.place('out-order'), builds.options(cache));
    const { units } = await runJson<{ units: readonly { kind: string }[] }>('salver', [
      'inspect',
      artifact,
      '--units',
    ]);
    // The lock itself ships with the app's files, and differs.
    return units.filter(({ kind }) => kind !== 'app');
  };
  const requirements = requirementsOf(builds.packages, { backwards: true });
  const backwards = builds.writeApp('backwards', { 'requirements.txt': requirements });
  assert.deepEqual(await unitsOf(backwards, 'third-cache'), await unitsOf(app, 'cache'));
});

test(
  'a process that started through current stays in its release when current moves on',
  { skip },
  async () => {
    const root = builds.place('moving');
    await builds.install((await buildApp(app, out, builds.options())).artifact, root);
    const next = builds.writeApp('app2', {
      'requirements.txt': requirementsOf({ ...builds.packages, 'fx-version': [versionWheel('2.0')] }),
      'salver.json': JSON.stringify({ name: 'fx', version: '2.0.0' }),
    });
    const second = await buildApp(next, builds.place('out2'), builds.options());
    const program = join(workspaceDirectory, 'node_modules/.bin/salver-host');
    const goOn = builds.place('go-on');
    const waiting = startCommand(program, ['run', '--root', root, '--', 'python', 'main.py', '--wait', goOn]);
    await new Promise((resolve) => waiting.child.stdout?.once('data', resolve));
    const { filesLinked } = await builds.install(second.artifact, root);
    assert.ok(filesLinked > 0);
    writeFileSync(goOn, '');
    assert.equal((await waiting.ended).stdout.trim().split('\n').at(-1), '1.0');
    assert.equal((await builds.runApp(root)).version, '2.0');
    await runJson('salver-host', ['rollback', '--root', root]);
    assert.equal((await builds.runApp(root)).version, '1.0');
  },
);

test(
  'what is built to look into directories of the builder is named',
  { skip: noCompiler ?? false },
  async () => {
    const settings = { name: 'fx', python: { buildEnv: { FX_LIBS: '-Wl,-rpath,/opt/fx/lib' } } };
    const directory = builds.writeApp('rpath', { 'salver.json': JSON.stringify(settings) });
    const args = ['build', directory, '--output', builds.place('out-rpath')];
    const { warnings } = await runJson<{ readonly warnings: readonly string[] }>(
      'salver',
      args,
      builds.options(),
    );
    assert.match(warnings.join('\n'), /fx-native@1\.0 looks for libraries in \/opt\/fx\/lib/);
  },
);

test(
  'install.sh links the interpreter as well, and salver-host takes the release over',
  { skip },
  async () => {
    const { artifact } = await buildApp(app, out, builds.options());
    const root = builds.place('by sh');
    const script = builds.place('install.sh');
    const { stdout } = await startCommand('tar', ['xzOf', artifact, '.salver/install.sh']).ended;
    writeFileSync(script, stdout);
    const end = await startCommand('sh', [script, artifact, root]).ended;
    assert.equal(end.status, 0, describeEnd(end));
    assert.equal((await builds.runApp(root)).version, '1.0');
    assert.equal((await builds.install(artifact, root)).changed, false);
    assert.equal((await runProgram('salver-host', ['verify', '--root', root])).status, 0);
  },
);
