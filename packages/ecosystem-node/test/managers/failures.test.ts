// What managers really print, and the code it becomes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bun } from '../../dist/managers/bun.js';
import type { Manager } from '../../dist/managers/manager.js';
import { pnpm } from '../../dist/managers/pnpm.js';
import { yarnBerry } from '../../dist/managers/yarn-berry.js';
import { yarnClassic } from '../../dist/managers/yarn-classic.js';

const LINES: readonly (readonly [Manager, string, string])[] = [
  [pnpm, ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because', 'E_LOCK_OUT_OF_SYNC'],
  [pnpm, 'Error: ERR_PNPM_FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE', 'E_LOCK_OUT_OF_SYNC'],
  [pnpm, ' ERR_PNPM_BROKEN_LOCKFILE  The lockfile at "/x/pnpm-lock.yaml" is broken', 'E_LOCK_INVALID'],
  [
    pnpm,
    ' ERR_PNPM_LOCKFILE_BREAKING_CHANGE  Lockfile not compatible with current pnpm',
    'E_LOCK_UNSUPPORTED',
  ],
  [pnpm, ' ERR_PNPM_TARBALL_INTEGRITY  Got unexpected checksum', 'E_INTEGRITY_MISMATCH'],
  [pnpm, ' ERR_PNPM_NO_OFFLINE_TARBALL  A package is missing from the store', 'E_REGISTRY_UNREACHABLE'],
  [pnpm, ' ERR_PNPM_FETCH_401  GET https://r/a: Unauthorized - 401', 'E_REGISTRY_DENIED'],
  [pnpm, ' ERR_PNPM_FETCH_404  GET https://r/a: Not Found - 404', 'E_PACKAGE_NOT_FOUND'],
  [yarnClassic, 'error Your lockfile needs to be updated, but yarn was run with', 'E_LOCK_OUT_OF_SYNC'],
  [yarnClassic, 'error SyntaxError: Invalid value type 54:17 in /x/yarn.lock', 'E_LOCK_INVALID'],
  [yarnClassic, "error SyntaxError: Unknown token: { line: 1, col: 0, type: 'INVALID' }", 'E_LOCK_INVALID'],
  [yarnClassic, 'error Incorrect integrity when fetching from the cache for "a".', 'E_INTEGRITY_MISMATCH'],
  [
    yarnClassic,
    'error An unexpected error occurred: "https://r/a: Request failed \\"404 Not Found\\"".',
    'E_PACKAGE_NOT_FOUND',
  ],
  [yarnBerry, 'YN0028: │ The lockfile would have been modified by this install', 'E_LOCK_OUT_OF_SYNC'],
  [
    yarnBerry,
    "YN0018: │ a@npm:1.0.0: The remote archive doesn't match the expected checksum",
    'E_INTEGRITY_MISMATCH',
  ],
  [yarnBerry, 'YAMLException: can not read an implicit mapping pair', 'E_LOCK_INVALID'],
  [yarnBerry, "YN0009: │ a@npm:1.0.0 couldn't be built successfully", 'E_INSTALL_SCRIPT_FAILED'],
  [bun, 'error: lockfile had changes, but lockfile is frozen', 'E_LOCK_OUT_OF_SYNC'],
  [bun, "SyntaxError: failed to parse lockfile: 'bun.lock'", 'E_LOCK_INVALID'],
  [bun, "InvalidLockfileVersion: failed to parse lockfile: 'bun.lock'", 'E_LOCK_INVALID'],
  [bun, 'error: GET https://r/a.tgz - 404', 'E_PACKAGE_NOT_FOUND'],
];

for (const [manager, line, code] of LINES) {
  test(`${manager.id}: ${line.trim()}`, () => {
    assert.equal(manager.failures.find(({ pattern }) => pattern.test(line))?.code, code);
  });
}

const SCRIPTS: readonly (readonly [Manager, string, unknown])[] = [
  [
    pnpm,
    '.../node_modules/utf-8-validate install$ node-gyp-build',
    { name: 'utf-8-validate', event: 'install', skipped: false },
  ],
  [
    pnpm,
    'node_modules/.pnpm/@s+a@1.0.0/node_modules/@s/a postinstall$ node x',
    { name: '@s/a', event: 'postinstall', skipped: false },
  ],
  [pnpm, '.../node_modules/a postinstall: Done', undefined],
  [pnpm, 'Progress: resolved 1, reused 0, downloaded 0, added 0', undefined],
  [
    yarnBerry,
    '➤ YN0007: │ @s/a@npm:1.0.0 must be built because it never has been before or the last one failed',
    { name: '@s/a', skipped: false },
  ],
  [
    yarnBerry,
    '➤ YN0005: │ a@npm:1.0.0 lists build scripts, but its build has been explicitly disabled',
    { name: 'a', skipped: true },
  ],
  [yarnBerry, '➤ YN0000: └ Completed', undefined],
];

for (const [manager, line, expected] of SCRIPTS) {
  test(`${manager.id}: ${line}`, () => assert.deepEqual(manager.seenScript?.(line), expected));
}
