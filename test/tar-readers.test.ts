// An artifact is an ordinary tarball: every common reader gives the tree that the installer gives, and the app
// starts from each of them.
import assert from 'node:assert/strict';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  compilerProblem,
  copyNotes,
  fillDownloadCache,
  openDownloadCache,
  registryProblem,
  removeCompiledDependency,
} from './fixture-apps.js';
import { askHealth } from './running-app.js';
import {
  buildApp,
  diffTrees,
  listTree,
  makeTempDir,
  runCommand,
  runJson,
  startCommand,
} from './product-harness.js';
import type { InstallReport, Tree } from './product-harness.js';

const noRegistry = await registryProblem();
const noCompiler = await compilerProblem();
const temp = makeTempDir();
const downloads = openDownloadCache();
let artifact = '';
let release = '';
let installed: Tree = new Map();

before(async () => {
  if (noRegistry !== undefined) return;
  const app = join(temp.path, 'notes');
  copyNotes(app);
  if (noCompiler !== undefined) removeCompiledDependency(app);
  await fillDownloadCache(app, downloads);
  const env = { ...downloads.env, SALVER_CACHE: join(temp.path, 'cache') };
  ({ artifact } = await buildApp(app, join(temp.path, 'out'), { env }));
  const root = join(temp.path, 'root');
  await runJson<InstallReport>('salver-host', ['install', artifact, '--root', root]);
  release = realpathSync(join(root, 'current'));
  // The demo app keeps its notes in `data`, a link that the host makes.
  installed = listTree(release, (path) => path !== 'data');
});

after(() => {
  downloads.remove();
  temp.remove();
});

interface Reader {
  readonly name: string;
  /** Succeeds where the reader is there. */
  readonly probe: readonly string[];
  /** Unpacks `artifact` into the current directory. */
  readonly unpack: (artifact: string) => readonly string[];
}

const PYTHON_UNPACK = 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall()';
// npm brings node-tar; `npm root -g` says where.
const NODE_TAR_UNPACK =
  "const { execFileSync } = require('node:child_process');" +
  "const root = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim();" +
  "require(root + '/npm/node_modules/tar').x({ file: process.argv[1], sync: true });";

const READERS: readonly Reader[] = [
  {
    name: 'GNU tar',
    probe: ['sh', '-c', 'tar --version | grep -q "GNU tar"'],
    unpack: (file) => ['tar', 'xzf', file],
  },
  { name: 'bsdtar', probe: ['bsdtar', '--version'], unpack: (file) => ['bsdtar', 'xzf', file] },
  {
    name: 'busybox tar',
    probe: ['busybox', 'tar', '--help'],
    unpack: (file) => ['busybox', 'tar', 'xzf', file],
  },
  {
    name: 'Python tarfile',
    probe: ['python3', '-c', 'import tarfile, zlib'],
    unpack: (file) => ['python3', '-c', PYTHON_UNPACK, file],
  },
  {
    name: 'node-tar',
    probe: ['sh', '-c', 'test -d "$(npm root -g)/npm/node_modules/tar"'],
    unpack: (file) => ['node', '-e', NODE_TAR_UNPACK, file],
  },
];

for (const reader of READERS) {
  const skip = noRegistry ?? (await missing(reader)) ?? false;
  test(
    `${reader.name} gives the tree the installer gives, and the app starts from it`,
    { skip },
    async () => {
      const directory = join(temp.path, reader.name.replace(' ', '-'));
      mkdirSync(directory);
      const [command = '', ...args] = reader.unpack(artifact);
      await runCommand(command, args, { cwd: directory });
      assert.deepEqual(diffTrees(installed, listTree(directory)), []);
      assert.equal((await askHealth(directory)).ok, true);
    },
  );
}

test('the app starts from the installed release', { skip: noRegistry ?? false }, async () => {
  assert.ok(installed.has('node_modules/express/package.json'));
  assert.deepEqual(installed.get('server.js')?.kind, 'file');
  assert.deepEqual(await askHealth(release).then(({ ok, version }) => ({ ok, version })), {
    ok: true,
    version: '1.0.0',
  });
});

async function missing({ name, probe }: Reader): Promise<string | undefined> {
  const [command = '', ...args] = probe;
  const { status } = await startCommand(command, args).ended;
  return status === 0 ? undefined : `${name} is not there`;
}
