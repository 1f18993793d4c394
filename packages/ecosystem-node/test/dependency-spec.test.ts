// npm-package-arg is the reference for what a spec is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import npa from 'npm-package-arg';
import { createSpecReader } from '../dist/dependency-spec.js';
import { createRangeTester } from '../dist/version-range.js';

const SPECS = [
  ...['^1.0.0', '1.2.3', '*', '', '>=1 <2 || 3', 'latest', 'next-1', 'x', '1.0.0-a.tgz.1'],
  ...['file:../a', 'file:a.tgz', './a', '../a.tar.gz', '/abs/a', '~/a', 'a/b/c.tgz', 'foo.tgz'],
  ...['npm:b@^1', 'npm:@s/b@1.0.0', 'npm:b', 'npm:b@latest'],
  ...['github:o/r', 'o/r', 'o/r#main', 'o/r#semver:^1', 'gitlab:o/r', 'git+ssh://git@g.test/o/r.git#v1'],
  ...['git@github.com:o/r.git', 'https://github.com/o/r.git', 'git://g.test/r.git'],
  ...['https://x.test/a.tgz', 'http://x.test/a', 'https://github.com/o/r/archive/x.tar.gz'],
  ...['workspace:*', 'catalog:', 'not a tag!'],
];

const KIND_BY_TYPE: Readonly<Record<string, string>> = {
  range: 'range',
  version: 'range',
  tag: 'tag',
  alias: 'alias',
  file: 'path',
  directory: 'path',
  git: 'git',
  remote: 'url',
};

function expectedKind(spec: string): string {
  try {
    return KIND_BY_TYPE[npa.resolve('a', spec === '' ? '*' : spec).type] ?? 'unknown';
  } catch {
    return 'invalid';
  }
}

test('specs are what npm-package-arg says they are', async () => {
  const reader = await createSpecReader(SPECS, createRangeTester());
  for (const spec of SPECS) {
    const expected = expectedKind(spec);
    const { kind } = reader.read('a', spec);
    // A tag that npm refuses is a tag that nothing satisfies.
    if (!(expected === 'invalid' && kind === 'tag')) assert.equal(kind, expected, spec);
  }
});

test('aliases and repositories are taken apart', async () => {
  const reader = await createSpecReader(SPECS, createRangeTester());
  assert.deepEqual(reader.read('a', 'npm:@s/b@1.0.0'), {
    kind: 'alias',
    name: '@s/b',
    target: { kind: 'range', range: '1.0.0' },
  });
  assert.deepEqual(reader.read('a', 'o/r#semver:^1'), {
    kind: 'git',
    repository: 'git@github.com:o/r.git',
    range: '^1',
  });
  assert.deepEqual(reader.readGit('git+ssh://git@github.com/o/r.git#abc'), {
    kind: 'git',
    repository: 'git@github.com:o/r.git',
    committish: 'abc',
  });
});
