import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { packageEntries, walkModules } from '../../dist/managers/walk-modules.js';
import type { FoundModules } from '../../dist/managers/walk-modules.js';

/** Text of a file, or `-> target` of a link; `%` stands for the top. */
type Tree = Readonly<Record<string, string>>;

function withTree<T>(tree: Tree, work: (top: string) => T): T {
  const top = mkdtempSync(join(tmpdir(), 'salver-walk-'));
  try {
    for (const [path, content] of Object.entries(tree)) {
      mkdirSync(dirname(join(top, path)), { recursive: true });
      if (content.startsWith('-> ')) symlinkSync(content.slice(3).replace('%', top), join(top, path));
      else writeFileSync(join(top, path), content);
    }
    return work(top);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

const manifest = (name: string): string => JSON.stringify({ name, version: '1.0.0' });
const linkLines = ({ links }: FoundModules): readonly string[] =>
  [...links.values()]
    .flat()
    .map(({ path, linkTarget }) => (linkTarget === '' ? path : `${path} -> ${linkTarget}`));

test('finds packages and links of an isolated layout, and passes over the state of the manager', () => {
  const tree: Tree = {
    'node_modules/.modules.yaml': 'storeDir: /home/somebody\n',
    'node_modules/.pnpm/lock.yaml': '',
    'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': manifest('a'),
    'node_modules/.pnpm/a@1.0.0/node_modules/@s/b': '-> ../../../@s+b@1.0.0/node_modules/@s/b',
    'node_modules/.pnpm/@s+b@1.0.0/node_modules/@s/b/package.json': manifest('@s/b'),
    'node_modules/.pnpm/node_modules/@s/b': '-> ../../@s+b@1.0.0/node_modules/@s/b',
    'node_modules/a': '-> .pnpm/a@1.0.0/node_modules/a',
    'node_modules/.bin/a': '-> ../a/cli.js',
  };
  withTree(tree, (top) => {
    const found = walkModules(top, []);
    assert.deepEqual(
      found.packages.map(({ path, name, version }) => [path, name, version]),
      [
        ['node_modules/.pnpm/@s+b@1.0.0/node_modules/@s/b', '@s/b', '1.0.0'],
        ['node_modules/.pnpm/a@1.0.0/node_modules/a', 'a', '1.0.0'],
      ],
    );
    assert.deepEqual(linkLines(found), [
      'node_modules',
      'node_modules/.bin',
      'node_modules/.bin/a -> ../a/cli.js',
      'node_modules/.pnpm',
      'node_modules/.pnpm/@s+b@1.0.0',
      'node_modules/.pnpm/@s+b@1.0.0/node_modules',
      'node_modules/.pnpm/@s+b@1.0.0/node_modules/@s',
      'node_modules/.pnpm/a@1.0.0',
      'node_modules/.pnpm/a@1.0.0/node_modules',
      'node_modules/.pnpm/a@1.0.0/node_modules/@s',
      'node_modules/.pnpm/a@1.0.0/node_modules/@s/b -> ../../../@s+b@1.0.0/node_modules/@s/b',
      'node_modules/.pnpm/node_modules',
      'node_modules/.pnpm/node_modules/@s',
      'node_modules/.pnpm/node_modules/@s/b -> ../../@s+b@1.0.0/node_modules/@s/b',
      'node_modules/a -> .pnpm/a@1.0.0/node_modules/a',
    ]);
  });
});

test('a nested package is a unit of its own, generated directories are extra, workspaces have their own links', () => {
  const tree: Tree = {
    'node_modules/a/package.json': manifest('a'),
    'node_modules/a/lib/node_modules/fixture/package.json': manifest('fixture'),
    'node_modules/a/node_modules/b/package.json': manifest('b'),
    'node_modules/.prisma/client/index.js': '',
    'node_modules/.cache/x': '',
    'libs/c/node_modules/d/package.json': manifest('d'),
  };
  withTree(tree, (top) => {
    const { packages, links } = walkModules(top, ['libs/c']);
    assert.deepEqual(
      packages.map(({ path, version }) => [path, version]),
      [
        ['libs/c/node_modules/d', '1.0.0'],
        ['node_modules/.prisma', undefined],
        ['node_modules/a', '1.0.0'],
        ['node_modules/a/node_modules/b', '1.0.0'],
      ],
    );
    assert.deepEqual([...links.keys()], ['node_modules', 'libs/c/node_modules']);
    const a = packages.find(({ name }) => name === 'a');
    assert.ok(a !== undefined);
    assert.deepEqual(
      packageEntries(top, a).map(({ path }) => path),
      ['node_modules/a/lib/node_modules/fixture/package.json', 'node_modules/a/package.json'],
    );
  });
});

test('makes absolute links relative, and leaves out what compiling left', () => {
  const tree: Tree = {
    'node_modules/a/package.json': JSON.stringify({ name: 'a', version: '1.0.0' }),
    'node_modules/a/binding.gyp': '{}',
    'node_modules/a/build/Makefile': '',
    'node_modules/a/build/Release/obj.target/a.o': '',
    'node_modules/a/build/Release/a.node': '',
    'node_modules/a/Makefile': '',
    'node_modules/b': '-> %/node_modules/a',
  };
  withTree(tree, (top) => {
    const found = walkModules(top, []);
    assert.ok(linkLines(found).includes('node_modules/b -> a'));
    const [a] = found.packages;
    assert.ok(a !== undefined);
    assert.deepEqual(
      packageEntries(top, a).map(({ path }) => path.slice('node_modules/a/'.length)),
      ['Makefile', 'binding.gyp', 'build/Release/a.node', 'package.json'],
    );
  });
});

for (const target of ['/etc', '../../outside']) {
  test(`refuses a link to ${target}`, () => {
    withTree({ 'node_modules/a': `-> ${target}` }, (top) => {
      assert.throws(
        () => walkModules(top, []),
        (error) => isSalverError(error, 'E_PATH_UNSAFE') && error.facts['path'] === 'node_modules/a',
      );
    });
  });
}
