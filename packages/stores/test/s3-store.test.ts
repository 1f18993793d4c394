import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { describeStore, startS3Double } from '@salver/testing';
import type { S3Double, S3DoubleOptions, TestLike } from '@salver/testing';
import type { Store } from '@salver/core';
import { openS3Store } from '@salver/stores';

/** The SDK reads credentials from the process's environment. */
const OWN_ENV = { ...process.env };

async function double(t: TestLike, options: S3DoubleOptions = {}): Promise<S3Double> {
  const started = await startS3Double(options);
  Object.assign(process.env, started.env);
  t.after(async () => {
    await started.close();
    for (const name of Object.keys(started.env)) delete process.env[name];
    Object.assign(process.env, OWN_ENV);
  });
  return started;
}

function open(server: S3Double, prefix = 'p', more: Readonly<Record<string, string>> = {}): Promise<Store> {
  return openS3Store(new URL(server.url(prefix)), { ...server.env, ...more });
}

describeStore('s3', async (t) => {
  const server = await double(t);
  const prefix = randomUUID();
  return () => open(server, prefix);
});

const CODES: readonly (readonly [what: string, status: number, name: string, code: string])[] = [
  ['no right', 403, 'AccessDenied', 'E_STORE_DENIED'],
  ['a wrong secret', 403, 'SignatureDoesNotMatch', 'E_STORE_DENIED'],
  ['an unknown key', 403, 'InvalidAccessKeyId', 'E_STORE_DENIED'],
  ['credentials that have expired', 400, 'ExpiredToken', 'E_STORE_DENIED'],
  ['a bucket that is not there', 404, 'NoSuchBucket', 'E_STORE_NOT_FOUND'],
  ['another region', 301, 'PermanentRedirect', 'E_STORE_MISCONFIGURED'],
  ['a wrong region', 400, 'AuthorizationHeaderMalformed', 'E_STORE_MISCONFIGURED'],
  ['a wrong clock', 403, 'RequestTimeTooSkewed', 'E_STORE_MISCONFIGURED'],
  ['too many requests', 503, 'SlowDown', 'E_STORE_THROTTLED'],
  ['a server that is not well', 500, 'InternalError', 'E_STORE_UNREACHABLE'],
  ['a server that lacks what is needed', 501, 'NotImplemented', 'E_STORE_MISCONFIGURED'],
];

for (const [what, status, name, code] of CODES) {
  test(`s3: ${what}: ${code}`, { timeout: 30_000 }, async (t) => {
    const server = await double(t, { fault: () => ({ status, code: name }) });
    const store = await open(server, 'p', { AWS_MAX_ATTEMPTS: '1' });
    await assert.rejects(
      store.readSmall('shop/a', { bytesMax: 10 }),
      (error: { code: string; hint: string }) => {
        assert.equal(error.code, code);
        assert.ok(error.hint.length > 10);
        return true;
      },
    );
    store.close();
  });
}

test('s3: wrong credentials are refused by the double, as by a real server', async (t) => {
  const server = await double(t);
  process.env['AWS_SECRET_ACCESS_KEY'] = 'another';
  const store = await open(server);
  await assert.rejects(store.readSmall('shop/a', { bytesMax: 10 }), { code: 'E_STORE_DENIED' });
  store.close();
});

test('s3: nothing listens', async () => {
  const url = new URL('s3://artifacts/p?endpoint=http://127.0.0.1:9');
  process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'x';
  const store = await openS3Store(url, {});
  await assert.rejects(store.stat('shop/a'), { code: 'E_STORE_UNREACHABLE' });
  store.close();
});

test('s3: a race that the server calls a conflict is tried again', async (t) => {
  let conflicts = 2;
  const server = await double(t, {
    fault: ({ method }) =>
      method === 'PUT' && conflicts-- > 0 ? { status: 409, code: 'ConditionalRequestConflict' } : undefined,
  });
  const store = await open(server);
  assert.equal(await store.replace('p', Buffer.from('1'), { expectedTag: undefined }), true);
  store.close();
});

test('s3: an upload in parts that was cut goes on with the parts that are there', async (t) => {
  let failing = true;
  const server = await double(t, {
    fault: ({ method, query }) =>
      failing && method === 'PUT' && query.get('partNumber') === '3'
        ? { status: 403, code: 'AccessDenied' }
        : undefined,
  });
  const store = await open(server);
  const bytes = Buffer.alloc(40 * 1024 * 1024, 'salver');
  const { bytesContent } = await import('../dist/file-content.js');
  await assert.rejects(store.create('shop/large', bytesContent(bytes)), { code: 'E_STORE_DENIED' });
  failing = false;
  const before = server.requests.length;
  assert.equal(await store.create('shop/large', bytesContent(bytes)), true);
  const sent = server.requests
    .slice(before)
    .filter(({ method, query }) => method === 'PUT' && query.has('partNumber'));
  assert.deepEqual(
    sent.map(({ query }) => query.get('partNumber')),
    ['3'],
  );
  store.close();
});

test('s3: an address says what it does not know', async () => {
  for (const wrong of [
    's3://b/p?reigon=x',
    's3://b/p?endpoint=nonsense',
    's3://b/p?style=odd',
    's3://u:p@b/p',
  ]) {
    await assert.rejects(openS3Store(new URL(wrong), {}), { code: 'E_USAGE' }, wrong);
  }
});
