import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '@salver/core';

const DIGEST = 'a'.repeat(64);
const UNIT = { kind: 'app', name: 'shop', path: '', entries: 1, sizeBytes: 3, members: [[1024, DIGEST]] };
const GOOD = {
  format: 1,
  name: 'shop',
  version: '1.4.2',
  target: 'linux-x64-glibc',
  needs: {},
  host: {},
  units: [UNIT],
};

test('a complete manifest is accepted', () => {
  const full = {
    ...GOOD,
    needs: {
      glibc: { version: '2.28', by: 'a.node' },
      libraries: [{ name: 'libpq.so.5', by: 'a.node' }],
      node: { range: '>=20', modules: { version: 115, by: 'a.node' }, napi: true },
    },
    host: {
      start: 'node server.js',
      shared: ['uploads', 'var/log'],
      env: { PORT: { default: '3000' }, __proto__x: { required: true } },
      hooks: {
        migrate: { run: 'npm run migrate', phase: 'expand' },
        check: {
          http: 'http://127.0.0.1/',
          status: 204,
          body: 'ok',
          header: 'x-app: shop',
          passes: 3,
          deadline: '30s',
          interval: '500ms',
          timeout: '2s',
          grace: '1m',
        },
        candidate: { port: 'APP_PORT', tcp: '127.0.0.1:1', passes: 2, deadline: '10s' },
      },
      keep: 5,
      onCrash: 'rollback',
    },
  };
  assert.deepEqual(JSON.parse(JSON.stringify(parseManifest(full))), full);
});

const REFUSED: readonly [what: string, change: object, code: string][] = [
  ['a newer format', { format: 2 }, 'E_FORMAT_UNKNOWN'],
  ['an unknown key', { extra: 1 }, 'E_FORMAT_UNKNOWN'],
  ['format zero', { format: 0 }, 'E_MANIFEST_INVALID'],
  ['a name with a slash', { name: 'a/b' }, 'E_MANIFEST_INVALID'],
  ['a version that climbs', { version: '../1' }, 'E_MANIFEST_INVALID'],
  ['a target that is none', { target: 'linux' }, 'E_MANIFEST_INVALID'],
  ['a shared path that climbs', { host: { shared: ['../x'] } }, 'E_MANIFEST_INVALID'],
  ['an absolute shared path', { host: { shared: ['/etc'] } }, 'E_MANIFEST_INVALID'],
  ['a unit outside', { units: [{ ...UNIT, path: '../x' }] }, 'E_MANIFEST_INVALID'],
  ['a member of 2 MiB', { units: [{ ...UNIT, members: [[2 ** 21, DIGEST]] }] }, 'E_MANIFEST_INVALID'],
  ['a member without digest', { units: [{ ...UNIT, members: [[1024]] }] }, 'E_MANIFEST_INVALID'],
  ['a digest in capitals', { units: [{ ...UNIT, members: [[1024, 'A'.repeat(64)]] }] }, 'E_MANIFEST_INVALID'],
  ['a negative count', { units: [{ ...UNIT, entries: -1 }] }, 'E_MANIFEST_INVALID'],
  ['units that are no list', { units: {} }, 'E_MANIFEST_INVALID'],
  [
    'a header with a line break',
    { host: { hooks: { check: { header: 'a: b\r\nc: d' } } } },
    'E_MANIFEST_INVALID',
  ],
  ['a port variable that is none', { host: { hooks: { candidate: { port: 'A=B' } } } }, 'E_MANIFEST_INVALID'],
  ['an unknown policy', { host: { onCrash: 'reboot' } }, 'E_MANIFEST_INVALID'],
  ['an unknown key of a check', { host: { hooks: { check: { retries: 1 } } } }, 'E_FORMAT_UNKNOWN'],
  ['a variable with a strange name', { host: { env: { 'A B': {} } } }, 'E_MANIFEST_INVALID'],
];

for (const [what, change, code] of REFUSED) {
  test(`${what} is refused with ${code}`, () => {
    assert.throws(() => parseManifest({ ...GOOD, ...change }), { code });
  });
}
