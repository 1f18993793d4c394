import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileStore } from '@salver/stores';
import { describeStore } from '@salver/testing';
import type { TestLike } from '@salver/testing';

function makeDirectory(t: TestLike): string {
  const directory = mkdtempSync(join(tmpdir(), 'salver-store-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

describeStore('directory', (t) => {
  const directory = makeDirectory(t);
  return Promise.resolve(() => openFileStore(directory));
});

test('a directory that does not exist is no store', async (t) => {
  const path = join(makeDirectory(t), 'none');
  await assert.rejects(openFileStore(path), { code: 'E_STORE_NOT_FOUND', facts: { path } });
});

test('what a killed writer has left is no object and is in nobody’s way', async (t) => {
  const directory = makeDirectory(t);
  mkdirSync(join(directory, 'shop'));
  writeFileSync(join(directory, 'shop/.salver-0-a'), 'half');
  const store = await openFileStore(directory);
  for await (const { key } of store.list('')) assert.fail(key);
  await assert.rejects(store.stat('shop/.salver-0-a'), { code: 'E_USAGE' });
});

test('links in the directory are no objects: they would lead out of it', async (t) => {
  const directory = makeDirectory(t);
  symlinkSync('/etc/hostname', join(directory, 'name'));
  const store = await openFileStore(directory);
  assert.equal(await store.stat('name'), undefined);
  assert.equal(await store.readSmall('name', { bytesMax: 100 }), undefined);
  await assert.rejects(store.readRange('name', { offset: 0, length: 1 }), { code: 'E_OBJECT_NOT_FOUND' });
});

test('an object that is replaced while it is read is refused', async (t) => {
  const directory = makeDirectory(t);
  const store = await openFileStore(directory);
  await store.replace('p', Buffer.from('first'), { expectedTag: undefined });
  const { body } = await store.readRange('p', { offset: 0, length: 5 });
  await store.replace('p', Buffer.from('other'), { expectedTag: (await store.stat('p'))?.tag });
  await assert.rejects(
    async () => {
      for await (const piece of body) assert.fail(`${piece.length} bytes were read`);
    },
    { code: 'E_OBJECT_CHANGED' },
  );
});

test('nothing but objects is left behind', async (t) => {
  const directory = makeDirectory(t);
  const store = await openFileStore(directory);
  await store.replace('p', Buffer.from('1'), { expectedTag: undefined });
  await store.replace('p', Buffer.from('2'), { expectedTag: undefined });
  assert.deepEqual(readdirSync(directory), ['p']);
});
