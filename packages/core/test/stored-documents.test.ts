// Names of objects in a store, and documents that lie in one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  artifactFileName,
  canonicalJson,
  fitsSelector,
  isChannelName,
  parseChannel,
  parseNamedRelease,
  parseReleaseIndex,
  parseReleaseKey,
  serializeSigned,
  splitSignatures,
} from '@salver/core';

const ID = '4f2a91c07b3e'.padEnd(64, '0');

test('the name of an artifact is taken apart again, dashes in name and version included', () => {
  for (const [name, version, target] of [
    ['shop', '1.4.2', 'linux-x64-glibc'],
    ['my-shop-2', '1.0.0-beta-1', 'linux-arm64-musl'],
    ['shop', '2026-11-25', 'darwin-arm64'],
  ] as const) {
    const file = artifactFileName({ name, version, target }, ID);
    const expected = { kind: 'artifact', file, version, target, shortId: ID.slice(0, 12) };
    assert.deepEqual(parseReleaseKey(name, `${name}/${file}`), expected);
  }
  assert.deepEqual(parseReleaseKey('shop', `shop/${ID}.manifest.json`), { kind: 'manifest', id: ID });
  assert.deepEqual(parseReleaseKey('shop', `shop/${ID}.sig`), { kind: 'signature', id: ID });
  for (const other of [
    `blog/${ID}.sig`,
    'shop/index.json',
    'shop/channels/a.json',
    `shop/${ID}.1234.provenance.json`,
  ]) {
    assert.equal(parseReleaseKey('shop', other), undefined, other);
  }
});

test('a release in a store is told from a path or an address', () => {
  assert.deepEqual(parseNamedRelease('shop@production'), { name: 'shop', selector: 'production' });
  assert.deepEqual(parseNamedRelease('my.shop@1.4.2+build.5'), {
    name: 'my.shop',
    selector: '1.4.2+build.5',
  });
  for (const path of [
    'shop',
    './shop@1',
    'a/shop@1',
    'https://u:p@host/x',
    '@1',
    'shop@',
    'Shop@1',
    'shop@a b',
  ]) {
    assert.equal(parseNamedRelease(path), undefined, path);
  }
});

test('a channel is never taken for an id or a version', () => {
  for (const name of ['production', 'canary-2', 'edge']) assert.ok(isChannelName(name), name);
  for (const name of ['beef', 'cafe42', '1.0.0', 'Production', 'v1.2', ''])
    assert.ok(!isChannelName(name), name);
  assert.ok(fitsSelector({ id: ID, version: '1.0.0' }, '4f2a'));
  assert.ok(!fitsSelector({ id: ID, version: '1.0.0' }, '4f2'));
});

const CHANNEL = {
  format: 1,
  name: 'shop',
  channel: 'production',
  seq: 3,
  issuedAt: '2026-11-25T10:00:00.000Z',
  releases: { 'linux-x64-glibc': { id: ID, file: 'x.tar.gz', version: '1.0.0', sizeBytes: 10 } },
  revoked: [],
};

test('a channel is read as it was signed, to the byte', () => {
  const payload = canonicalJson(CHANNEL);
  const read = parseChannel(serializeSigned(payload, []));
  assert.ok(read.payloadBytes.equals(payload));
  assert.equal(read.payload.seq, 3);
});

const WRONG: Readonly<Record<string, unknown>> = {
  'another format': { ...CHANNEL, format: 2 },
  'a number that is none': { ...CHANNEL, seq: 1.5 },
  'number 0': { ...CHANNEL, seq: 0 },
  'a time that is none': { ...CHANNEL, issuedAt: 'yesterday' },
  'a key that nobody knows': { ...CHANNEL, admin: true },
  'a file that leads elsewhere': {
    ...CHANNEL,
    releases: { 'linux-x64-glibc': { id: ID, file: '../x', version: '1.0.0', sizeBytes: 10 } },
  },
  'an id that is none': { ...CHANNEL, revoked: ['x'] },
  'no releases': { ...CHANNEL, releases: undefined },
};

for (const [what, payload] of Object.entries(WRONG)) {
  test(`a channel with ${what} is refused`, () => {
    const bytes = Buffer.from(JSON.stringify({ payload: JSON.stringify(payload), signatures: [] }));
    assert.throws(() => parseChannel(bytes), { code: 'E_CHANNEL_INVALID' });
  });
}

test('what is no envelope is refused', () => {
  for (const text of ['', '[]', '{"payload":1,"signatures":[]}', '{"payload":"{}"}', 'null']) {
    assert.throws(() => parseChannel(Buffer.from(text)), { code: 'E_CHANNEL_INVALID' }, text);
    assert.throws(() => parseReleaseIndex(Buffer.from(text)), { code: 'E_CHANNEL_INVALID' }, text);
  }
});

test('signatures are found between whatever else lies in the file, and no more than some', () => {
  const block = '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n';
  assert.deepEqual(splitSignatures(`# by alice\r\n${block.replaceAll('\n', '\r\n')}junk\n${block}`), [
    block,
    block,
  ]);
  assert.equal(splitSignatures(block.repeat(100)).length, 16);
  assert.deepEqual(splitSignatures('-----BEGIN SSH SIGNATURE-----\nAAAA'), []);
});
