// Which packages the settings refuse before anything is fetched.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { DependencySettings, ErrorCode } from '@salver/core';
import { PackageFetcher } from '../dist/fetch-package.js';
import type { PlannedPackage } from '../dist/install-plan.js';
import { npmOptionsDouble, plannedPackage, withContext } from './context-double.js';

const INTEGRITY = `sha512-${'A'.repeat(86)}==`;
const REMOTE = plannedPackage({ source: { kind: 'remote', url: 'https://example.net/a.tgz' } });
const GIT = plannedPackage({
  source: { kind: 'git', url: 'git+ssh://git@example.net/a.git#0123', commit: '0123' },
});

const POLICY: readonly {
  readonly name: string;
  readonly item: PlannedPackage;
  readonly settings: DependencySettings;
  readonly code?: ErrorCode;
}[] = [
  {
    name: 'a missing integrity in strict mode',
    item: plannedPackage(),
    settings: { strictIntegrity: true },
    code: 'E_INTEGRITY_MISSING',
  },
  { name: 'a missing integrity', item: plannedPackage(), settings: {} },
  {
    name: 'a remote tarball without integrity',
    item: REMOTE,
    settings: {},
    code: 'E_REMOTE_DEPENDENCY_REFUSED',
  },
  { name: 'a remote tarball with integrity', item: { ...REMOTE, integrity: INTEGRITY }, settings: {} },
  { name: 'a remote tarball that is allowed by name', item: REMOTE, settings: { allowRemote: ['a'] } },
  {
    name: 'a remote tarball when none is allowed',
    item: { ...REMOTE, integrity: INTEGRITY },
    settings: { allowRemote: false },
    code: 'E_REMOTE_DEPENDENCY_REFUSED',
  },
  { name: 'a git dependency', item: GIT, settings: {}, code: 'E_GIT_DEPENDENCY_REFUSED' },
  {
    name: 'a git dependency when another is allowed',
    item: GIT,
    settings: { allowGit: ['b'] },
    code: 'E_GIT_DEPENDENCY_REFUSED',
  },
  { name: 'a git dependency that is allowed by name', item: GIT, settings: { allowGit: ['a'] } },
  {
    name: 'a git dependency when all are allowed, in strict mode',
    item: GIT,
    settings: { allowGit: true, strictIntegrity: true },
  },
];

for (const { name, item, settings, code } of POLICY) {
  test(`${code === undefined ? 'allows' : 'refuses'} ${name}`, () =>
    withContext(
      (context) => {
        const fetcher = new PackageFetcher({
          ...context,
          npmOptions: npmOptionsDouble('http://127.0.0.1:1/'),
        });
        if (code === undefined) fetcher.check(item);
        else
          assert.throws(
            () => fetcher.check(item),
            (error) => isSalverError(error, code),
          );
        return Promise.resolve();
      },
      { settings },
    ));
}
