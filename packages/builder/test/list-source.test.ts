import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { listSource } from '../dist/list-source.js';
import type { ListOptions } from '../dist/list-source.js';
import { options } from './source-options.js';
import { recordingProgress } from './recording-progress.js';
import { tempDir, writeTree } from './temp-tree.js';

const noGit = spawnSync('git', ['--version']).status === 0 ? false : 'git is not installed';

async function paths(root: string, more: Partial<ListOptions> = {}): Promise<readonly string[]> {
  return (await listSource(options(root, more))).map((file) => file.path);
}

function git(directory: string, ...args: readonly string[]): void {
  const settings = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.invalid',
    '-c',
    'protocol.file.allow=always',
  ];
  execFileSync('git', [...settings, ...args], { cwd: directory, stdio: 'pipe' });
}

const PROJECT = {
  'package.json': '{}',
  'package-lock.json': '{}',
  'server.js': '1',
  'src/a.js': '1',
  'src/note.log': 'ignored below src',
  'src/.gitignore': '*.log\n',
  'docs/guide.md': '1',
  'dist/bundle.js': 'ignored',
  'secret.txt': 'ignored',
  '.gitignore': 'dist/\nsecret.txt\n',
  'node_modules/a/index.js': '1',
  'packages/p/node_modules/b/index.js': '1',
  '.DS_Store': '1',
  'src/a.js~': '1',
  'src/.a.js.swp': '1',
  '.vscode/settings.json': '1',
  '.salver/manifest.json': '1',
  'shop-1.0.0-linux-x64-glibc-0123456789ab.tar.gz': '1',
  'out/shop-1.0.0-darwin-arm64-0123456789ab.tar.gz.provenance.json': '1',
};

const SHIPS = [
  '.gitignore',
  'docs/guide.md',
  'package-lock.json',
  'package.json',
  'server.js',
  'src/.gitignore',
  'src/a.js',
];

const WAYS = [
  ['with git', noGit, (root: string) => git(root, 'init', '-q')],
  ['without git', false, () => undefined],
] as const;

for (const [way, skip, prepare] of WAYS) {
  test(
    `${way}: what is not ignored ships, except dependencies, junk and Salver's own files`,
    { skip },
    async (t) => {
      const root = tempDir(t);
      writeTree(root, PROJECT);
      prepare(root);
      assert.deepEqual(await paths(root), SHIPS);
    },
  );

  test(`${way}: .salverignore leaves out more, at any level, and can take back`, { skip }, async (t) => {
    const root = tempDir(t);
    writeTree(root, {
      'package.json': '{}',
      'a/keep.md': '',
      'a/drop.md': '',
      'a/deep/.salverignore': '!drop.md\n/only-here.txt\n',
      'a/deep/drop.md': '',
      'a/deep/only-here.txt': '',
      'a/only-here.txt': '',
      'test/x.js': '',
      '.salverignore': 'test/\ndrop.md\n.salverignore\npackage.json\n',
    });
    prepare(root);
    assert.deepEqual(await paths(root), ['a/deep/drop.md', 'a/keep.md', 'a/only-here.txt', 'package.json']);
  });

  test(
    `${way}: files.exclude takes globs and directories, files.include brings in what is ignored`,
    { skip },
    async (t) => {
      const root = tempDir(t);
      writeTree(root, { ...PROJECT, 'dist/map/x.map': '1', 'dist/node_modules/z/i.js': '1' });
      prepare(root);
      const listed = await paths(root, {
        include: ['dist/', 'secret.*'],
        exclude: ['docs', './src/*.js', 'dist/map/**', 'package.json'],
      });
      assert.deepEqual(listed, [
        '.gitignore',
        'dist/bundle.js',
        'package-lock.json',
        'package.json',
        'secret.txt',
        'server.js',
        'src/.gitignore',
      ]);
    },
  );

  test(`${way}: links inside the project ship, whatever leaves it is refused`, { skip }, async (t) => {
    const root = tempDir(t);
    const outside = tempDir(t);
    writeTree(outside, { sentinel: 'x' });
    writeTree(root, { 'package.json': '{}', 'a/b.js': '' });
    symlinkSync('b.js', join(root, 'a/link.js'));
    symlinkSync('../node_modules/later', join(root, 'a/dangling'));
    prepare(root);
    const files = await listSource(options(root));
    assert.deepEqual(
      files.filter((file) => file.kind === 'symlink').map((file) => [file.path, file.linkTarget]),
      [
        ['a/dangling', '../node_modules/later'],
        ['a/link.js', 'b.js'],
      ],
    );
    for (const target of ['../../up', outside, 'chain']) {
      symlinkSync('../..', join(root, 'a/chain'));
      if (target !== 'chain') symlinkSync(target, join(root, 'a/bad'));
      if (target !== '../../up') rmSync(join(root, 'a/chain'));
      if (target === 'chain') symlinkSync('../../x', join(root, 'a/bad'));
      await assert.rejects(
        listSource(options(root)),
        (error) => isSalverError(error, 'E_PATH_UNSAFE'),
        target,
      );
      rmSync(join(root, 'a/chain'), { force: true });
      rmSync(join(root, 'a/bad'), { force: true });
    }
  });
}

test('tracked files ship although they are ignored; deleted ones do not', { skip: noGit }, async (t) => {
  const root = tempDir(t);
  git(root, 'init', '-q');
  writeTree(root, { 'package.json': '{}', '.gitignore': '*.gen\n', 'kept.gen': '', 'gone.js': '' });
  git(root, 'add', '-f', '.');
  rmSync(join(root, 'gone.js'));
  writeTree(root, { 'other.gen': '', 'new.js': '' });
  assert.deepEqual(await paths(root), ['.gitignore', 'kept.gen', 'new.js', 'package.json']);
});

test('a project in a subdirectory of a repository lists its own part', { skip: noGit }, async (t) => {
  const root = tempDir(t);
  git(root, 'init', '-q');
  writeTree(root, {
    'other/x': '',
    'app/package.json': '{}',
    'app/a b.js': '',
    '.gitignore': '*.tmp\n',
    'app/x.tmp': '',
  });
  assert.deepEqual(await paths(join(root, 'app')), ['a b.js', 'package.json']);
});

test(
  'a project that a surrounding repository ignores is listed as if there were none',
  { skip: noGit },
  async (t) => {
    const root = tempDir(t);
    git(root, 'init', '-q');
    writeTree(root, { '.gitignore': 'work/\n', 'work/package.json': '{}', 'work/a.js': '' });
    assert.deepEqual(await paths(join(root, 'work')), ['a.js', 'package.json']);
  },
);

test(
  'the files of a submodule ship, its repository does not; an empty one is warned of',
  { skip: noGit },
  async (t) => {
    const base = tempDir(t);
    const [root, library] = [join(base, 'app'), join(base, 'library')];
    mkdirSync(root);
    writeTree(library, { 'lib.js': '', '.gitignore': 'x.tmp\n' });
    git(library, 'init', '-q');
    git(library, 'add', '.');
    git(library, 'commit', '-q', '-m', 'x');
    git(root, 'init', '-q');
    writeTree(root, { 'package.json': '{}' });
    git(root, 'submodule', '--quiet', 'add', library, 'vendor/lib');
    writeTree(root, { 'vendor/lib/x.tmp': '', 'vendor/lib/new.js': '' });
    assert.deepEqual(await paths(root), [
      '.gitmodules',
      'package.json',
      'vendor/lib/.gitignore',
      'vendor/lib/lib.js',
      'vendor/lib/new.js',
    ]);
    rmSync(join(root, 'vendor/lib'), { recursive: true });
    mkdirSync(join(root, 'vendor/lib'));
    const progress = recordingProgress();
    await paths(root, { progress });
    assert.match(progress.warnings.join(), /submodule vendor\/lib is empty/);
  },
);

test('a tracked directory that became a link ships as the link', { skip: noGit }, async (t) => {
  const root = tempDir(t);
  git(root, 'init', '-q');
  writeTree(root, { 'package.json': '{}', 'a/x.js': '', 'b/x.js': '' });
  git(root, 'add', '.');
  rmSync(join(root, 'a'), { recursive: true });
  symlinkSync('b', join(root, 'a'));
  assert.deepEqual(await paths(root), ['a', 'b/x.js', 'package.json']);
});

test('variables of a git hook do not lead to another repository', { skip: noGit }, async (t) => {
  const [root, other] = [tempDir(t), tempDir(t)];
  git(root, 'init', '-q');
  git(other, 'init', '-q');
  writeTree(root, { 'package.json': '{}', 'a.js': '' });
  const env = { ...process.env, GIT_DIR: join(other, '.git'), GIT_INDEX_FILE: join(other, 'index') };
  assert.deepEqual(await paths(root, { env }), ['a.js', 'package.json']);
});

test('names that no release may have are refused', async (t) => {
  const root = tempDir(t);
  writeTree(root, { 'package.json': '{}', 'line\nbreak': '' });
  await assert.rejects(listSource(options(root)), (error) => isSalverError(error, 'E_PATH_UNSAFE'));
});

test(
  'a name that is not UTF-8 is refused, not left out',
  { skip: process.platform !== 'linux' && 'needs byte names' },
  async (t) => {
    const root = tempDir(t);
    writeTree(root, { 'package.json': '{}' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/x`), Buffer.from([0xff])]), '');
    await assert.rejects(listSource(options(root)), (error) => isSalverError(error, 'E_PATH_UNSAFE'));
  },
);

test('names that differ only by case are warned of', async (t) => {
  const root = tempDir(t);
  writeTree(root, { 'package.json': '{}', 'Readme.md': 'a', 'README.md': 'b' });
  const progress = recordingProgress();
  const listed = await paths(root, { progress });
  if (listed.length === 3) assert.match(progress.warnings.join(), /differ only by case/);
});

test('a file is executable when its owner may execute it', async (t) => {
  const root = tempDir(t);
  writeTree(root, { 'package.json': '{}', plain: '', owner: '', others: '' });
  chmodSync(join(root, 'plain'), 0o600);
  chmodSync(join(root, 'owner'), 0o700);
  chmodSync(join(root, 'others'), 0o655);
  const files = await listSource(options(root));
  const executable = files.filter((file) => file.executable).map((file) => file.path);
  assert.deepEqual(executable, ['owner']);
});

test('leaves out bytecode that lies in the source', async (t) => {
  const root = tempDir(t);
  writeTree(root, {
    'a.py': '',
    '__pycache__/a.cpython-311.pyc': 'x',
    'lib/__pycache__/b.pyc': 'x',
    'lib/b.py': '',
  });
  assert.deepEqual(await paths(root), ['a.py', 'lib/b.py']);
});
