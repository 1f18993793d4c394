import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockedEntries } from '../../dist/managers/locked-sources.js';
import type { Manager } from '../../dist/managers/manager.js';

const FIXTURES = join(import.meta.dirname, '../../../../fixtures/managers');
const SHA = 'a'.repeat(40);

/** Each has a package with a hash, one without, one from a git host and one from any repository. */
const LOCKS: Readonly<Record<Manager['id'], string>> = {
  pnpm: `lockfileVersion: '9.0'

importers:

  .:
    dependencies:
      a:
        specifier: 1.0.0
        version: 1.0.0

packages:

  '@s/a@1.0.0':
    resolution: {integrity: sha512-AA==}
    hasBin: true

  bare@https://example.org/bare.tgz:
    resolution: {tarball: https://example.org/bare.tgz}
    version: 1.0.0

  hosted@https://codeload.github.com/o/hosted/tar.gz/${SHA}:
    resolution: {tarball: https://codeload.github.com/o/hosted/tar.gz/${SHA}}
    version: 1.0.0

  repo@git+https://git.example.org/o/repo.git#${SHA}:
    resolution: {commit: ${SHA}, repo: https://git.example.org/o/repo.git, type: git}
    version: 1.0.0

  local@file:vendor/local:
    resolution: {directory: vendor/local, type: directory}

snapshots:

  '@s/a@1.0.0': {}
`,
  'yarn-classic': `# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@^1.0.1":
  version "1.0.1"
  resolved "https://registry.yarnpkg.com/@s/a/-/a-1.0.1.tgz#${SHA}"
  integrity sha512-AA==

bare@1.0.0:
  version "1.0.0"
  resolved "https://registry.yarnpkg.com/bare/-/bare-1.0.0.tgz#${SHA}"

"hosted@github:o/hosted":
  version "1.0.0"
  resolved "https://codeload.github.com/o/hosted/tar.gz/${SHA}"

"repo@git+https://git.example.org/o/repo.git":
  version "1.0.0"
  resolved "git+https://git.example.org/o/repo.git#${SHA}"

"local@file:vendor/local":
  version "1.0.0"
`,
  'yarn-berry': `# This file is generated

__metadata:
  version: 8
  cacheKey: 10c0

"@s/a@npm:^1.0.0":
  version: 1.0.0
  resolution: "@s/a@npm:1.0.0"
  checksum: 10c0/aa
  languageName: node
  linkType: hard

"bare@npm:1.0.0":
  version: 1.0.0
  resolution: "bare@npm:1.0.0"
  languageName: node
  linkType: hard

"hosted@o/hosted":
  version: 1.0.0
  resolution: "hosted@https://github.com/o/hosted.git#commit=${SHA}"
  checksum: 10c0/aa
  linkType: hard

"repo@git@git.example.org:o/repo.git":
  version: 1.0.0
  resolution: "repo@git@git.example.org:o/repo.git#commit=${SHA}"
  checksum: 10c0/aa
  linkType: hard

"web@workspace:.":
  version: 0.0.0-use.local
  resolution: "web@workspace:."
  languageName: unknown
  linkType: soft
`,
  bun: `{
  "lockfileVersion": 1,
  "workspaces": { "": { "name": "app" } },
  "packages": {
    "@s/a": ["@s/a@1.0.0", "", {}, "sha512-AA=="],

    "bare": ["bare@https://example.org/bare.tgz", {}],

    "hosted": ["hosted@github:o/hosted#aaaaaaa", {}, "o-hosted-aaaaaaa"],

    "@s/a/repo": ["repo@git+https://git.example.org/o/repo.git#${SHA}", {}, "${SHA}"],

    "lib": ["lib@workspace:packages/lib"],
  }
}
`,
};

const CASES = (Object.entries(LOCKS) as [Manager['id'], string][]).flatMap(([id, lock]) =>
  [false, true].map((isWindows) => [id, lock, isWindows] as const),
);

for (const [id, lock, isWindows] of CASES) {
  test(`${id}${isWindows ? ' on Windows' : ''}: tells what comes from git, and what has no hash`, () => {
    assert.deepEqual(
      lockedEntries(lock.replaceAll('\n', isWindows ? '\r\n' : '\n'), id).map(
        ({ name, isGit, hasIntegrity }) => [name, isGit ? 'git' : hasIntegrity ? 'hash' : 'none'],
      ),
      [
        ['@s/a', 'hash'],
        ['bare', 'none'],
        ['hosted', 'git'],
        ['repo', 'git'],
      ],
    );
  });
}

const REAL: readonly (readonly [Manager['id'], string])[] = [
  ['pnpm', 'pnpm-lock.yaml'],
  ['yarn-classic', 'yarn.lock'],
  ['yarn-berry', 'yarn.lock'],
  ['bun', 'bun.lock'],
];

for (const [id, lockfile] of REAL) {
  test(`${id}: finds nothing to complain about in an ordinary lock`, () => {
    const entries = lockedEntries(readFileSync(join(FIXTURES, id, 'web', lockfile), 'utf8'), id);
    assert.ok(entries.length > 70);
    assert.deepEqual(
      entries.filter(({ isGit, hasIntegrity }) => isGit || !hasIntegrity),
      [],
    );
  });
}
