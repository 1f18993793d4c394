import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SILENT_PROGRESS, readHead } from '@salver/core';
import type { Store, UnitAssets } from '@salver/core';
import { openFileStore, openS3Store, publishAssets } from '@salver/stores';
import type { Published } from '@salver/stores';
import { makeArtifact, memorySource, noise, startS3Double } from '@salver/testing';
import type { ArtifactFiles, S3Double, TestLike } from '@salver/testing';

const HASHED = 'dist/app-1a2b3c4d.js';
const FILES: ArtifactFiles = {
  'server.js': 'run();',
  'dist/index.html': '<p>1</p>',
  'dist/[slug]/page-5e6f7a8b.js': 'page',
  'dist/large-9c8d7e6f.bin': noise(700_000),
  'dist/empty.txt': '',
  [HASHED]: 'one',
  [`${HASHED}.gz`]: gzipSync('one'),
  'dist/link.js': { linkTo: 'app-1a2b3c4d.js' },
};
const ASSETS = { dist: { url: '/static/' } };
const IMMUTABLE = 'public, max-age=31536000, immutable';

async function publish(
  store: Store,
  files: ArtifactFiles,
  more: { readonly assets?: Readonly<Record<string, UnitAssets>>; readonly dryRun?: boolean } = {},
): Promise<Published> {
  const { bytes } = await makeArtifact(files, { assets: more.assets ?? ASSETS });
  const source = memorySource(bytes);
  const { dryRun } = more;
  return publishAssets({ store, source, head: readHead(source), progress: SILENT_PROGRESS, dryRun });
}

async function directory(t: TestLike): Promise<{ readonly path: string; readonly store: Store }> {
  const path = mkdtempSync(join(tmpdir(), 'salver-assets-'));
  t.after(() => rmSync(path, { recursive: true }));
  return { path, store: await openFileStore(path) };
}

async function keysOf(store: Store): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys.sort();
}

const KEYS = [
  'static/[slug]/page-5e6f7a8b.js',
  'static/app-1a2b3c4d.js',
  'static/app-1a2b3c4d.js.gz',
  'static/empty.txt',
  'static/index.html',
  'static/large-9c8d7e6f.bin',
];

test('files of asset units lie in a directory under their URLs, and a second time nothing moves', async (t) => {
  const { path, store } = await directory(t);
  const first = await publish(store, FILES);
  assert.deepEqual([first.published, first.present, first.replaced], [6, 0, 0]);
  assert.deepEqual(await keysOf(store), KEYS);
  assert.equal(readFileSync(join(path, 'static/app-1a2b3c4d.js'), 'utf8'), 'one');
  assert.ok(readFileSync(join(path, 'static/large-9c8d7e6f.bin')).equals(noise(700_000)));
  assert.deepEqual(await publish(store, FILES), { published: 0, present: 6, replaced: 0, bytes: 0 });
});

test('a dry run counts and writes nothing', async (t) => {
  const { store } = await directory(t);
  assert.equal((await publish(store, FILES, { dryRun: true })).published, 6);
  assert.deepEqual(await keysOf(store), []);
});

test('other bytes under a name with a hash are refused before anything is published', async (t) => {
  const { path, store } = await directory(t);
  await publish(store, { 'dist/app-1a2b3c4d.js': 'one' });
  const next = { ...FILES, [HASHED]: 'two' };
  await assert.rejects(publish(store, next), {
    code: 'E_ASSET_CONFLICT',
    facts: { key: 'static/app-1a2b3c4d.js', keys: ['static/app-1a2b3c4d.js'] },
  });
  assert.deepEqual(await keysOf(store), ['static/app-1a2b3c4d.js']);
  assert.equal(readFileSync(join(path, 'static/app-1a2b3c4d.js'), 'utf8'), 'one');
});

test('a file whose name may stay is replaced; files of older releases stay', async (t) => {
  const { path, store } = await directory(t);
  await publish(store, FILES);
  const next = { 'dist/index.html': '<p>2</p>', 'dist/app-0f1e2d3c.js': 'two' };
  const { published, replaced, present } = await publish(store, next);
  assert.deepEqual([published, replaced, present], [1, 1, 0]);
  assert.equal(readFileSync(join(path, 'static/index.html'), 'utf8'), '<p>2</p>');
  assert.deepEqual(await keysOf(store), [...KEYS, 'static/app-0f1e2d3c.js'].sort());
});

test('another compressed form of the same content is no conflict', async (t) => {
  const { path, store } = await directory(t);
  await publish(store, FILES);
  const form = gzipSync('one', { level: 0 });
  const again = await publish(store, { ...FILES, [`${HASHED}.gz`]: form });
  assert.deepEqual([again.published, again.replaced], [0, 0]);
  assert.ok(readFileSync(join(path, 'static/app-1a2b3c4d.js.gz')).equals(gzipSync('one')));
});

test('who says that all names are immutable gets them published so', async (t) => {
  const { path, store } = await directory(t);
  const assets = { dist: { url: '/', immutable: true } };
  await publish(store, { 'dist/a.js': '1' }, { assets });
  await assert.rejects(publish(store, { 'dist/a.js': '2' }, { assets }), { code: 'E_ASSET_CONFLICT' });
  assert.equal(readFileSync(join(path, 'a.js'), 'utf8'), '1');
});

test('two directories at one URL may share a file, but not a name', async (t) => {
  const { store } = await directory(t);
  const assets = { a: { url: '/x/' }, b: { url: '/' } };
  const same = await publish(store, { 'a/f.js': '1', 'b/x/f.js': '1' }, { assets });
  assert.equal(same.published, 1);
  await assert.rejects(publish(store, { 'a/f.js': '1', 'b/x/f.js': '2' }, { assets }), {
    code: 'E_ASSET_CONFLICT',
    facts: { key: 'x/f.js' },
  });
});

test('a file in the store that is no asset, and a temporary one, are left alone', async (t) => {
  const { path, store } = await directory(t);
  writeFileSync(join(path, 'robots.txt'), 'mine');
  await publish(store, FILES);
  assert.equal(readFileSync(join(path, 'robots.txt'), 'utf8'), 'mine');
});

const OWN_ENV = { ...process.env };

async function s3(t: TestLike): Promise<{ readonly server: S3Double; readonly store: Store }> {
  const server = await startS3Double();
  Object.assign(process.env, server.env);
  const store = await openS3Store(new URL(server.url('cdn')), server.env);
  t.after(async () => {
    store.close();
    await server.close();
    for (const name of Object.keys(server.env)) delete process.env[name];
    Object.assign(process.env, OWN_ENV);
  });
  return { server, store };
}

test('s3: types, cache rules and encodings are those of the files', async (t) => {
  const { server, store } = await s3(t);
  await publish(store, FILES);
  const expected = {
    'static/app-1a2b3c4d.js': ['text/javascript; charset=utf-8', IMMUTABLE, undefined],
    'static/app-1a2b3c4d.js.gz': ['text/javascript; charset=utf-8', IMMUTABLE, 'gzip'],
    'static/[slug]/page-5e6f7a8b.js': ['text/javascript; charset=utf-8', IMMUTABLE, undefined],
    'static/index.html': ['text/html; charset=utf-8', 'no-cache', undefined],
    'static/empty.txt': ['text/plain; charset=utf-8', 'no-cache', undefined],
    'static/large-9c8d7e6f.bin': ['application/octet-stream', IMMUTABLE, undefined],
  };
  for (const [key, [type, cache, encoding]] of Object.entries(expected)) {
    const headers = server.headersOf(`cdn/${key}`);
    assert.deepEqual(
      [headers?.['content-type'], headers?.['cache-control'], headers?.['content-encoding']],
      [type, cache, encoding],
      key,
    );
  }
  await publish(store, { 'dist/index.html': '<p>2</p>' });
  assert.equal(server.headersOf('cdn/static/index.html')?.['content-type'], 'text/html; charset=utf-8');
});

test('s3: a second time one request per file is made, and no byte moves', async (t) => {
  const { server, store } = await s3(t);
  await publish(store, FILES);
  const before = server.requests.length;
  assert.deepEqual(await publish(store, FILES), { published: 0, present: 6, replaced: 0, bytes: 0 });
  const made = server.requests.slice(before).map(({ method }) => method);
  assert.deepEqual(made, Array(6).fill('HEAD'));
});
