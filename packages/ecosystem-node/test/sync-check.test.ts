import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SalverError } from '@salver/core';
import { entry, planOf } from './project-double.js';
import type { Json, ProjectDouble } from './project-double.js';

const SHA = 'a'.repeat(40);
const OTHER_SHA = 'b'.repeat(40);
const REGISTRY = 'https://registry.npmjs.org';

/** A project with one dependency `a`; `locked` is its entry in the lock. */
function one(spec: string, locked: Json, lockSpec = spec): ProjectDouble {
  return {
    manifest: { name: 'app', dependencies: { a: spec } },
    packages: { '': { dependencies: { a: lockSpec } }, 'node_modules/a': locked },
  };
}

const FITS: readonly (readonly [title: string, project: ProjectDouble])[] = [
  ['a range', one('^1.0.0', entry('1.2.0'))],
  ['an empty range', one('', entry('0.0.1-beta.1'))],
  ['a changed range that still holds', one('>=1', entry('1.2.0'), '^1.0.0')],
  ['an alias', one('npm:b@^1', entry('1.2.0', { name: 'b' }))],
  ['an alias without version', one('npm:@s/b', entry('1.2.0', { name: '@s/b' }))],
  ['a tag', one('latest', entry('1.0.0', { resolved: `${REGISTRY}/a/-/a-1.0.0.tgz` }))],
  ['a tag without resolved', one('next', entry('1.0.0'))],
  ['a tarball URL', one('https://x.test/a.tgz', entry('1.0.0', { resolved: 'https://x.test/a.tgz' }))],
  ['a file: tarball', one('file:vendor/a.tgz', entry('1.0.0', { resolved: 'file:vendor/a.tgz' }))],
  ['a bare path', one('./vendor/a.tgz', entry('1.0.0', { resolved: 'file:vendor/a.tgz' }))],
  [
    'a git branch',
    one('github:o/a#main', { version: '1.0.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }),
  ],
  [
    'a git commit',
    one(`o/a#${SHA}`, { version: '1.0.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }),
  ],
  [
    'a git range',
    one('o/a#semver:^1', { version: '1.3.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }),
  ],
  [
    'an unknown git host',
    one('git+https://g.test/a.git', { version: '1.0.0', resolved: `git+https://g.test/a.git#${SHA}` }),
  ],
  [
    'an extra entry in the lock',
    { manifest: { name: 'app' }, packages: { 'node_modules/x': entry('1.0.0') } },
  ],
  [
    'acceptDependencies',
    {
      manifest: { name: 'app', dependencies: { a: '^2' }, acceptDependencies: { a: '^1' } },
      packages: { 'node_modules/a': entry('1.0.0') },
    },
  ],
  [
    'an absent optional peer, and a wrong one',
    {
      manifest: { name: 'app', dependencies: { a: '1', c: '1' } },
      packages: {
        'node_modules/a': entry('1.0.0', {
          peerDependencies: { b: '1', c: '^9' },
          peerDependenciesMeta: { b: { optional: true }, c: { optional: true } },
        }),
        'node_modules/c': entry('1.0.0'),
      },
    },
  ],
  [
    'a bundled dependency that is not listed',
    one('1', entry('1.0.0', { bundleDependencies: ['b'], dependencies: { b: '1' } })),
  ],
  [
    'a dependency found one level up',
    {
      manifest: { name: 'app', dependencies: { a: '1', b: '2' } },
      packages: {
        'node_modules/a': entry('1.0.0', { dependencies: { b: '^2' } }),
        'node_modules/b': entry('2.1.0'),
      },
    },
  ],
  [
    'missing peers under legacy-peer-deps',
    {
      ...one('1', entry('1.0.0', { peerDependencies: { p: '1' } })),
      files: { '.npmrc': 'legacy-peer-deps=true' },
    },
  ],
];

for (const [title, project] of FITS) {
  test(`a lock is in sync with ${title}`, async () => {
    assert.ok(await planOf(project));
  });
}

const REFUSED: readonly (readonly [title: string, project: ProjectDouble, problems: readonly string[]])[] = [
  [
    'a missing dependency',
    { manifest: { name: 'app', dependencies: { a: '^1' } }, packages: {} },
    ['Missing: a@^1 from lock file'],
  ],
  ['another version', one('2', entry('1.0.0')), ["Invalid: lock file's a@1.0.0 does not satisfy a@2"]],
  [
    'another tag',
    one('next', entry('1.0.0'), 'latest'),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@next"],
  ],
  [
    'an alias of another version',
    one('npm:b@2', entry('1.0.0')),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@npm:b@2"],
  ],
  [
    'another URL',
    one('https://x.test/a.tgz', entry('1.0.0', { resolved: 'https://y.test/a.tgz' })),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@https://x.test/a.tgz"],
  ],
  [
    'another tarball',
    one('file:a-2.tgz', entry('1.0.0', { resolved: 'file:a-1.tgz' })),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@file:a-2.tgz"],
  ],
  [
    'another commit',
    one(`o/a#${OTHER_SHA}`, { version: '1.0.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }),
    [`Invalid: lock file's a@1.0.0 does not satisfy a@o/a#${OTHER_SHA}`],
  ],
  [
    'another branch',
    one('o/a#next', { version: '1.0.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }, 'o/a#main'),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@o/a#next"],
  ],
  [
    'another repository',
    one('o/b', { version: '1.0.0', resolved: `git+ssh://git@github.com/o/a.git#${SHA}` }),
    ["Invalid: lock file's a@1.0.0 does not satisfy a@o/b"],
  ],
  [
    'a missing optional dependency',
    { manifest: { name: 'app', optionalDependencies: { a: '1' } }, packages: {} },
    ['Missing: a@1 from lock file'],
  ],
  [
    'a missing peer',
    one('1', entry('1.0.0', { peerDependencies: { p: '>=1' } })),
    ['Missing: p@>=1 from lock file'],
  ],
  [
    'a peer conflict of a direct dependency',
    {
      manifest: { name: 'app', dependencies: { a: '1', p: '2' } },
      packages: {
        'node_modules/a': entry('1.0.0', { peerDependencies: { p: '1' } }),
        'node_modules/p': entry('2.0.0'),
      },
    },
    ["Invalid: lock file's p@2.0.0 does not satisfy p@1"],
  ],
  [
    'several problems, all of them named',
    {
      manifest: { name: 'app', dependencies: { a: '1', b: '2' }, devDependencies: { c: '3' } },
      packages: {
        'node_modules/a': entry('1.0.0', { dependencies: { d: '4' } }),
        'node_modules/b': entry('1.0.0'),
      },
    },
    [
      "Invalid: lock file's b@1.0.0 does not satisfy b@2",
      'Missing: c@3 from lock file',
      'Missing: d@4 from lock file',
    ],
  ],
];

for (const [title, project, problems] of REFUSED) {
  test(`a lock is out of sync with ${title}`, async () => {
    await assert.rejects(planOf(project), (error: SalverError) => {
      assert.equal(error.code, 'E_LOCK_OUT_OF_SYNC');
      assert.deepEqual(error.facts['problems'], problems);
      for (const problem of problems) assert.ok(error.message.split('\n').includes(problem));
      return true;
    });
  });
}

const TRANSITIVE_CONFLICT: ProjectDouble = {
  manifest: { name: 'app', dependencies: { a: '1', p: '2' } },
  packages: {
    'node_modules/a': entry('1.0.0', { dependencies: { b: '1' } }),
    'node_modules/b': entry('1.0.0', { peerDependencies: { p: '1' } }),
    'node_modules/p': entry('2.0.0'),
  },
};

test('a peer conflict between transitive packages is a warning, as in npm', async () => {
  const plan = await planOf(TRANSITIVE_CONFLICT);
  assert.deepEqual(plan.warnings, ['peer conflict tolerated: b@1.0.0 wants p@1, the lock has p@2.0.0']);
});

const WORKSPACE: ProjectDouble = {
  manifest: { name: 'app', workspaces: ['packages/*'] },
  packages: {
    'packages/w': { name: 'w', version: '1.0.0', dependencies: { a: '1' } },
    'node_modules/w': { link: true, resolved: 'packages/w' },
    'node_modules/a': entry('1.0.0', { peerDependencies: { p: '1' } }),
  },
  files: { 'packages/w/package.json': '{"name":"w","version":"1.0.0","dependencies":{"a":"1"}}' },
};

test('peers below workspaces are left as npm left them', async () => {
  const plan = await planOf(WORKSPACE);
  assert.deepEqual(plan.warnings, ['peer conflict tolerated: a@1.0.0 wants p@1, the lock has nothing']);
});

test('the package.json of a workspace counts, not its copy in the lock', async () => {
  const files = { 'packages/w/package.json': '{"name":"w","version":"1.0.0","dependencies":{"b":"1"}}' };
  await assert.rejects(planOf({ ...WORKSPACE, files }), (error: SalverError) => {
    assert.deepEqual(error.facts['problems'], ['Missing: b@1 from lock file']);
    return error.code === 'E_LOCK_OUT_OF_SYNC';
  });
});

test('a workspace that the lock does not know is missing', async () => {
  const files = { ...WORKSPACE.files, 'packages/new/package.json': '{"name":"new","version":"1.0.0"}' };
  await assert.rejects(planOf({ ...WORKSPACE, files }), (error: SalverError) => {
    assert.deepEqual(error.facts['problems'], ['Missing: new@file:packages/new from lock file']);
    return error.code === 'E_LOCK_OUT_OF_SYNC';
  });
});

test('a dependency below a workspace that is absent is refused, though npm would not look', async () => {
  const packages = {
    ...WORKSPACE.packages,
    'node_modules/a': entry('1.0.0', { dependencies: { gone: '1' } }),
  };
  await assert.rejects(planOf({ ...WORKSPACE, packages }), { code: 'E_LOCK_OUT_OF_SYNC' });
});
