import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target } from '@salver/core';
import { createEngineCheck, isPlatformSupported } from '../dist/platform-check.js';
import { createRangeTester } from '../dist/version-range.js';
import { LINUX } from './project-double.js';

const MUSL: Target = { os: 'linux', arch: 'arm64', libc: 'musl' };
const MAC: Target = { os: 'darwin', arch: 'arm64', libc: 'none' };

const PLATFORMS = [
  [{}, true, true, true],
  [{ os: ['linux'] }, true, true, false],
  [{ os: 'darwin' }, false, false, true],
  [{ os: ['!win32'] }, true, true, true],
  [{ os: ['!linux', 'darwin'] }, false, false, true],
  [{ os: ['any'] }, true, true, true],
  [{ os: ['any', 'win32'] }, false, false, false],
  [{ os: [] }, true, true, true],
  [{ cpu: ['x64', 'ia32'] }, true, false, false],
  [{ cpu: ['!arm64'] }, true, false, false],
  [{ libc: ['glibc'] }, true, false, false],
  [{ libc: 'musl' }, false, true, false],
  [{ libc: ['!musl'] }, true, false, false],
  [{ libc: ['any'] }, true, true, false],
  [{ os: ['linux'], cpu: ['x64'], libc: ['musl'] }, false, false, false],
] as const;

test('os, cpu and libc lists follow npm', () => {
  for (const [fields, linux, musl, mac] of PLATFORMS) {
    const results = [LINUX, MUSL, MAC].map((target) => isPlatformSupported(fields, target));
    assert.deepEqual(results, [linux, musl, mac], JSON.stringify(fields));
  }
});

const ENGINES = [
  [{ node: '>=18' }, 'v20.19.0', true],
  [{ node: '>=22' }, 'v20.19.0', false],
  [{ node: '^18 || >=20.10' }, 'v20.19.0', true],
  [{ node: 'nonsense!' }, 'v20.19.0', false],
  [{ node: '' }, 'v20.19.0', true],
  [{ npm: '>=99' }, 'v20.19.0', true],
  [['node >=99'], 'v20.19.0', true],
  [{ node: '>=20' }, 'v21.0.0-nightly2023', true],
  [{ node: '>=21' }, 'v21.0.0-rc.1', true],
  [{ node: '>=21.0.0' }, 'v21.0.0-rc.1', false],
] as const;

test('engines.node follows npm, prereleases included', () => {
  for (const [engines, version, expected] of ENGINES) {
    const check = createEngineCheck(version, createRangeTester());
    assert.equal(check({ engines }), expected, `${JSON.stringify(engines)} on ${version}`);
  }
});
