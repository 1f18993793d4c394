import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { readPin } from '../../dist/managers/package-manager-pin.js';

const HEX = 'ab'.repeat(64);
const CASES: readonly (readonly [string, Record<string, unknown>, unknown])[] = [
  ['an exact version', { packageManager: 'pnpm@9.1.0' }, { name: 'pnpm', version: '9.1.0' }],
  [
    'a hash',
    { packageManager: `yarn@4.9.2+sha512.${HEX}` },
    { name: 'yarn', version: '4.9.2', hash: { algorithm: 'sha512', hex: HEX } },
  ],
  ['a prerelease', { packageManager: 'bun@1.3.0-canary.1' }, { name: 'bun', version: '1.3.0-canary.1' }],
  ['a manager nobody knows', { packageManager: 'vlt@1.0.0' }, undefined],
  ['nothing', {}, undefined],
  [
    'devEngines with an exact version',
    { devEngines: { packageManager: { name: 'pnpm', version: '9.1.0' } } },
    { name: 'pnpm', version: '9.1.0' },
  ],
  [
    'devEngines with a range',
    { devEngines: { packageManager: { name: 'pnpm', version: '^9' } } },
    { name: 'pnpm' },
  ],
];

for (const [name, manifest, expected] of CASES) {
  test(`reads ${name}`, () => assert.deepEqual(readPin(manifest), expected));
}

for (const packageManager of ['pnpm', 'pnpm@9', 'pnpm@^9.0.0', 'pnpm@9.1.0+md5.aa', 7]) {
  test(`refuses ${JSON.stringify(packageManager)}`, () => {
    assert.throws(
      () => readPin({ packageManager }),
      (error) => isSalverError(error, 'E_CONFIG_INVALID'),
    );
  });
}
