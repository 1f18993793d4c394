// What every store must do (DESIGN 5), as tests. A new kind of store calls this once.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ObjectContent, ObjectFacts, RangeBody, Store } from '@salver/core';

/** Opens an empty store for one test; the second call for the same test gives another client of it. */
export type OpenStore = () => Promise<Store>;

const SMALL_MAX = 1024;
const WRITERS = 16;

/** @param newStore makes an empty store and returns how to open it. */
export function describeStore(kind: string, newStore: (t: TestLike) => Promise<OpenStore>): void {
  const withStore = (name: string, work: (store: Store, open: OpenStore) => Promise<void>): void => {
    void test(`${kind}: ${name}`, async (t) => {
      const open = await newStore(t);
      const store = await open();
      try {
        await work(store, open);
      } finally {
        store.close();
      }
    });
  };
  for (const [name, work] of CASES) withStore(name, work);
}

/** A store that can only be read, and one with which its objects are put there. */
export interface ReadableStore {
  readonly store: Store;
  readonly seed: Store;
}

/** The part of the contract that holds for stores that can only be read. */
export function describeReadableStore(kind: string, newStore: (t: TestLike) => Promise<ReadableStore>): void {
  for (const [name, work] of READ_CASES) {
    void test(`${kind}: ${name}`, async (t) => {
      const { store, seed } = await newStore(t);
      try {
        await work(store, seed);
      } finally {
        store.close();
        seed.close();
      }
    });
  }
}

/** The part of node:test's context that clears up. */
export interface TestLike {
  after(work: () => void | Promise<void>): void;
}

type Case = readonly [name: string, work: (store: Store, open: OpenStore) => Promise<void>];

const READ_CASES: readonly (readonly [name: string, work: (store: Store, seed: Store) => Promise<void>])[] = [
  ['what is not there is undefined', readNothing],
  ['gives back what lies there, with its size and a tag', readBack],
  ['a range has the bytes of the range, and a tag that does not fit is refused', ranges],
  ['a range behind the end, or longer than the object, is no error', oddRanges],
  ['a small object that is too large is refused', tooLarge],
  ['a small object that has not changed need not be read again', readUnchanged],
  ['keys that lead elsewhere are refused', readKeys],
];

const CASES: readonly Case[] = [
  ['what is not there is undefined, and removing it is no error', nothingThere],
  ['gives back what was put in, with its size and a tag', roundTrip],
  ['an object is never put in twice', createsOnce],
  ['a compressed form is given back as it was put in', keepsEncoded],
  ['one of sixteen writers of one object wins, the others are told, and the object is whole', createRace],
  ['refuses content that is not what was announced, and keeps nothing of it', wrongContent],
  [
    'a range has the bytes of the range, and a tag that does not fit is refused',
    (store) => ranges(store, store),
  ],
  ['a range behind the end, or longer than the object, is no error', (store) => oddRanges(store, store)],
  ['a small object that is too large is refused', (store) => tooLarge(store, store)],
  ['a small object that has not changed need not be read again', unchanged],
  ['a large object is put in and read back, and is not put in twice', large],
  ['a pointer moves only from where it was thought to be', pointer],
  ['one of sixteen that move a pointer wins', pointerRace],
  ['lists what begins with a prefix, and only that', lists],
  ['keys that lead elsewhere are refused', keys],
];

async function nothingThere(store: Store): Promise<void> {
  assert.equal(await store.stat('shop/none'), undefined);
  assert.equal(await store.readSmall('shop/none', { bytesMax: SMALL_MAX }), undefined);
  await assert.rejects(bytesOf(store.readRange('shop/none', { offset: 0, length: 1 })), {
    code: 'E_OBJECT_NOT_FOUND',
  });
  await store.remove('shop/none');
}

async function roundTrip(store: Store): Promise<void> {
  assert.equal(await store.create('shop/a.txt', content('hello')), true);
  const facts = await store.stat('shop/a.txt');
  assert.equal(facts?.sizeBytes, 5);
  const read = await store.readSmall('shop/a.txt', { bytesMax: SMALL_MAX });
  assert.ok(typeof read === 'object');
  assert.deepEqual([read.bytes.toString(), read.tag], ['hello', facts.tag]);
  assert.notEqual(read.tag, undefined);
  await store.remove('shop/a.txt');
  assert.equal(await store.stat('shop/a.txt'), undefined);
}

async function createsOnce(store: Store): Promise<void> {
  assert.equal(await store.create('shop/a', content('first')), true);
  assert.equal(await store.create('shop/a', content('second')), false);
  assert.equal(await textOf(store, 'shop/a'), 'first');
}

async function keepsEncoded(store: Store): Promise<void> {
  const form = gzipSync('hello');
  const headers = { contentType: 'text/css', cacheControl: 'no-cache', contentEncoding: 'gzip' };
  assert.equal(await store.create('assets/a.css.gz', { ...contentOf(form), ...headers }), true);
  const read = await store.readSmall('assets/a.css.gz', { bytesMax: SMALL_MAX });
  assert.ok(typeof read === 'object' && read.bytes.equals(form));
  const range = { offset: 0, length: form.length, tag: read.tag };
  assert.ok((await bytesOf(store.readRange('assets/a.css.gz', range))).equals(form));
  const next = gzipSync('hello again');
  assert.equal(await store.replace('assets/a.css.gz', next, { expectedTag: read.tag, headers }), true);
  const after = await store.readSmall('assets/a.css.gz', { bytesMax: SMALL_MAX });
  assert.ok(typeof after === 'object' && after.bytes.equals(next));
}

async function createRace(store: Store, open: OpenStore): Promise<void> {
  const clients = await Promise.all(Array.from({ length: WRITERS }, open));
  const texts = clients.map((_, index) => String(index).repeat(50_000));
  const results = await Promise.all(
    clients.map((client, index) => client.create('shop/raced', content(texts[index] ?? ''))),
  );
  clients.forEach((client) => client.close());
  assert.equal(results.filter(Boolean).length, 1);
  const whole = await bytesOf(store.readRange('shop/raced', { offset: 0, length: 1_000_000 }));
  assert.equal(whole.toString(), texts[results.indexOf(true)]);
  assert.deepEqual(await keysOf(store, ''), ['shop/raced']);
}

async function wrongContent(store: Store): Promise<void> {
  for (const wrong of [
    { ...content('hello'), sha256: '0'.repeat(64) },
    { ...content('hello'), sizeBytes: 6 },
  ]) {
    await assert.rejects(store.create('shop/a', wrong), { code: 'E_DIGEST_MISMATCH' });
  }
  assert.deepEqual(await keysOf(store, ''), []);
}

async function ranges(store: Store, seed: Store): Promise<void> {
  await seed.create('shop/a', content('0123456789'));
  const { tag } = (await store.stat('shop/a')) as ObjectFacts;
  const read = (offset: number, length: number): Promise<Buffer> =>
    bytesOf(store.readRange('shop/a', { offset, length, tag }));
  assert.equal((await read(2, 3)).toString(), '234');
  assert.equal((await read(8, 10)).toString(), '89');
  await assert.rejects(bytesOf(store.readRange('shop/a', { offset: 0, length: 1, tag: 'another' })), {
    code: 'E_OBJECT_CHANGED',
  });
}

async function readNothing(store: Store): Promise<void> {
  assert.equal(await store.stat('shop/none'), undefined);
  assert.equal(await store.readSmall('shop/none', { bytesMax: SMALL_MAX }), undefined);
  await assert.rejects(bytesOf(store.readRange('shop/none', { offset: 0, length: 1 })), {
    code: 'E_OBJECT_NOT_FOUND',
  });
}

async function readBack(store: Store, seed: Store): Promise<void> {
  await seed.create('shop/a.txt', content('hello'));
  const facts = await store.stat('shop/a.txt');
  assert.equal(facts?.sizeBytes, 5);
  assert.ok(Math.abs(Date.now() - (facts.modifiedAt?.getTime() ?? 0)) < 60_000);
  const read = await store.readSmall('shop/a.txt', { bytesMax: SMALL_MAX });
  assert.ok(typeof read === 'object');
  assert.deepEqual([read.bytes.toString(), read.tag], ['hello', facts.tag]);
  assert.notEqual(read.tag, undefined);
}

async function readUnchanged(store: Store, seed: Store): Promise<void> {
  await seed.create('p', content('1'));
  const tag = (await store.stat('p'))?.tag;
  assert.equal(await store.readSmall('p', { bytesMax: SMALL_MAX, unlessTag: tag }), 'unchanged');
  assert.equal(typeof (await store.readSmall('p', { bytesMax: SMALL_MAX, unlessTag: '"x"' })), 'object');
}

async function readKeys(store: Store): Promise<void> {
  for (const key of ODD_KEYS) await assert.rejects(store.stat(key), { code: 'E_USAGE' }, key);
}

/** Behind the end stores give nothing or the whole object; longer than it, its end. Never an error, never other bytes. */
async function oddRanges(store: Store, seed: Store): Promise<void> {
  await seed.create('shop/a', content('0123456789'));
  const long = await store.readRange('shop/a', { offset: 8, length: 100 });
  assert.deepEqual([long.offset, long.length, long.sizeBytes], [8, 2, 10]);
  assert.equal((await bytesOf(Promise.resolve(long))).toString(), '89');
  const behind = await store.readRange('shop/a', { offset: 100, length: 5 });
  const got = (await bytesOf(Promise.resolve(behind))).toString();
  assert.equal(got, behind.offset === 0 ? '0123456789' : '');
}

/** Larger than what goes to a server in one piece. */
const LARGE_BYTES = 33 * 1024 * 1024 + 17;

async function large(store: Store): Promise<void> {
  const bytes = Buffer.alloc(LARGE_BYTES, 'salver');
  const object: ObjectContent = {
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of pieces
    async *open() {
      for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
    },
  };
  assert.equal(await store.create('shop/large', object), true);
  assert.equal(await store.create('shop/large', object), false);
  const read = await bytesOf(store.readRange('shop/large', { offset: 0, length: bytes.length }));
  assert.ok(read.equals(bytes));
}

async function tooLarge(store: Store, seed: Store): Promise<void> {
  await seed.create('shop/a', content('x'.repeat(SMALL_MAX + 1)));
  await assert.rejects(store.readSmall('shop/a', { bytesMax: SMALL_MAX }), { code: 'E_LIMIT_EXCEEDED' });
}

async function unchanged(store: Store): Promise<void> {
  assert.equal(await store.replace('p', Buffer.from('1'), { expectedTag: undefined }), true);
  const first = await store.stat('p');
  const unlessTag = first?.tag;
  assert.equal(await store.readSmall('p', { bytesMax: SMALL_MAX, unlessTag }), 'unchanged');
  assert.equal(await store.replace('p', Buffer.from('2'), { expectedTag: unlessTag }), true);
  const again = await store.readSmall('p', { bytesMax: SMALL_MAX, unlessTag });
  assert.ok(typeof again === 'object');
  assert.equal(again.bytes.toString(), '2');
}

async function pointer(store: Store): Promise<void> {
  assert.equal(await store.replace('p', Buffer.from('1'), { expectedTag: 'something' }), false);
  assert.equal(await store.replace('p', Buffer.from('1'), { expectedTag: undefined }), true);
  assert.equal(await store.replace('p', Buffer.from('2'), { expectedTag: undefined }), false);
  const tag = (await store.stat('p'))?.tag;
  assert.equal(await store.replace('p', Buffer.from('2'), { expectedTag: tag }), true);
  assert.equal(await store.replace('p', Buffer.from('3'), { expectedTag: tag }), false);
  assert.equal(await textOf(store, 'p'), '2');
}

async function pointerRace(store: Store, open: OpenStore): Promise<void> {
  await store.replace('p', Buffer.from('start'), { expectedTag: undefined });
  const expectedTag = (await store.stat('p'))?.tag;
  const clients = await Promise.all(Array.from({ length: WRITERS }, open));
  const results = await Promise.all(
    clients.map((client, index) => client.replace('p', Buffer.from(`by ${index}`), { expectedTag })),
  );
  clients.forEach((client) => client.close());
  assert.equal(results.filter(Boolean).length, 1);
  assert.equal(await textOf(store, 'p'), `by ${results.indexOf(true)}`);
}

async function lists(store: Store): Promise<void> {
  for (const key of ['shop/a', 'shop/channels/production.json', 'shopping/b', 'zoo']) {
    await store.create(key, content(key));
  }
  assert.deepEqual(await keysOf(store, 'shop/'), ['shop/a', 'shop/channels/production.json']);
  assert.deepEqual(await keysOf(store, 'shop'), ['shop/a', 'shop/channels/production.json', 'shopping/b']);
  assert.deepEqual(await keysOf(store, 'shop/ch'), ['shop/channels/production.json']);
  assert.deepEqual(await keysOf(store, 'none/'), []);
}

const ODD_KEYS = ['', '../a', 'a/../../b', '/etc/passwd', 'a//b', 'a/', 'a\0b', 'a b', 'a\\b', '.'];

async function keys(store: Store): Promise<void> {
  for (const key of ODD_KEYS) {
    await assert.rejects(store.stat(key), { code: 'E_USAGE' }, key);
    await assert.rejects(store.create(key, content('x')), { code: 'E_USAGE' }, key);
  }
}

function content(text: string): ObjectContent {
  return contentOf(Buffer.from(text));
}

function contentOf(bytes: Buffer): ObjectContent {
  return {
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of one piece
    async *open() {
      yield bytes;
    },
  };
}

async function textOf(store: Store, key: string): Promise<string> {
  const read = await store.readSmall(key, { bytesMax: SMALL_MAX });
  return typeof read === 'object' ? read.bytes.toString() : String(read);
}

async function bytesOf(range: Promise<RangeBody>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await range).body) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function keysOf(store: Store, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found.sort();
}
