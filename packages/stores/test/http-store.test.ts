import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeReadableStore, startHttpDouble } from '@salver/testing';
import type { HttpDouble, HttpFault, HttpRequestSeen, TestLike } from '@salver/testing';
import { openFileStore, openHttpStore } from '@salver/stores';

const LIMITS = { answerMs: 300, idleMs: 300, slowMs: 60_000, slowBytes: 1 };

async function served(
  t: TestLike,
  fault?: (request: HttpRequestSeen) => HttpFault,
): Promise<{ readonly directory: string; readonly double: HttpDouble }> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-http-'));
  const double = await startHttpDouble({ directory, ...(fault === undefined ? {} : { fault }) });
  t.after(async () => {
    await double.close();
    rmSync(directory, { recursive: true });
  });
  return { directory, double };
}

describeReadableStore('http', async (t) => {
  const { directory, double } = await served(t);
  return { store: openHttpStore(new URL(double.url)), seed: await openFileStore(directory) };
});

describeReadableStore('http below a path with a query', async (t) => {
  const { directory, double } = await served(t);
  const seed = await openFileStore(directory);
  return { store: openHttpStore(new URL(`${double.url}/?sig=secret`)), seed };
});

const CODES: readonly (readonly [what: string, fault: HttpFault, code: string])[] = [
  ['401 is denied', { kind: 'status', status: 401 }, 'E_STORE_DENIED'],
  ['403 is denied', { kind: 'status', status: 403 }, 'E_STORE_DENIED'],
  ['429 asks to slow down', { kind: 'status', status: 429, retryAfter: '7' }, 'E_STORE_THROTTLED'],
  ['503 asks to slow down', { kind: 'status', status: 503 }, 'E_STORE_THROTTLED'],
  ['500 is a server that is not well', { kind: 'status', status: 500 }, 'E_STORE_UNREACHABLE'],
  ['418 is another server than was thought', { kind: 'status', status: 418 }, 'E_STORE_MISCONFIGURED'],
  ['no answer', { kind: 'silence' }, 'E_STORE_UNREACHABLE'],
  ['a connection that ends', { kind: 'reset' }, 'E_STORE_UNREACHABLE'],
  ['a redirect to nowhere', { kind: 'redirect', to: 'http://[' }, 'E_STORE_MISCONFIGURED'],
  ['a redirect to another scheme', { kind: 'redirect', to: 'file:///etc/passwd' }, 'E_STORE_MISCONFIGURED'],
  [
    'a redirect to where clouds keep secrets',
    { kind: 'redirect', to: 'http://169.254.169.254/' },
    'E_STORE_MISCONFIGURED',
  ],
  ['redirects without end', { kind: 'redirect', to: '/again' }, 'E_STORE_MISCONFIGURED'],
];

for (const [what, fault, code] of CODES) {
  test(`${what}: ${code}`, async (t) => {
    const { double } = await served(t, () => fault);
    const store = openHttpStore(new URL(double.url), { limits: LIMITS });
    await assert.rejects(store.readSmall('shop/a', { bytesMax: 10 }), { code });
    store.close();
  });
}

test('Retry-After is handed on', async (t) => {
  const { double } = await served(t, () => ({ kind: 'status', status: 429, retryAfter: '7' }));
  const store = openHttpStore(new URL(double.url));
  await assert.rejects(store.stat('shop/a'), (error: { facts: object }) => {
    assert.deepEqual(error.facts, { status: 429, retryAfterMs: 7000 });
    return true;
  });
  store.close();
});

test('credentials go to the server of the store, are in no text, and do not follow a redirect', async (t) => {
  const other = await served(t);
  const first = await served(t, ({ path }) =>
    path.endsWith('moved') ? { kind: 'redirect', to: `${other.double.url}/shop/moved` } : undefined,
  );
  await (
    await openFileStore(other.directory)
  ).replace('shop/moved', Buffer.from('there'), { expectedTag: undefined });
  const url = new URL(first.double.url.replace('http://', 'http://user:geheim@'));
  url.search = 'token=geheim';
  const store = openHttpStore(url);
  const read = await store.readSmall('shop/moved', { bytesMax: 10 });
  assert.ok(typeof read === 'object' && read.bytes.toString() === 'there');
  assert.equal(
    first.double.requests[0]?.headers.authorization,
    `Basic ${Buffer.from('user:geheim').toString('base64')}`,
  );
  assert.equal(other.double.requests[0]?.headers.authorization, undefined);
  assert.ok(!store.description.includes('geheim'));
  await assert.rejects(store.remove('shop/a'), (error: Error) => !error.message.includes('geheim'));
  store.close();
});

test('writing and listing are refused by name', async () => {
  const store = openHttpStore(new URL('http://127.0.0.1:1/'));
  await assert.rejects(store.replace('p', Buffer.from('1'), { expectedTag: undefined }), {
    code: 'E_STORE_READ_ONLY',
  });
  await assert.rejects(store.remove('p'), { code: 'E_STORE_READ_ONLY' });
  await assert.rejects(
    async () => {
      for await (const facts of store.list('')) void facts;
    },
    { code: 'E_STORE_UNLISTABLE' },
  );
});
