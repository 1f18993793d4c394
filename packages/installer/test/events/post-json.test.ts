import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { postJson } from '../../dist/events/post-json.js';
import type { PostOutcome, PostRequest } from '../../dist/events/post-json.js';
import { makeTempDir } from '../test-root.js';
import { OK, startReceiver, unusedOrigin } from './receiver.js';

const TOKEN = 'Bearer very-secret-token';

function requestTo(url: string): PostRequest {
  return { url: new URL(url), headers: { authorization: TOKEN }, body: '{"a":1}' };
}

function post(url: string, totalMs = 20_000): Promise<PostOutcome> {
  return postJson(requestTo(url), { totalMs });
}

test('sends the body with its length and headers, and reads the answer', async (context) => {
  const receiver = await startReceiver(context, () => ({
    status: 202,
    headers: { 'retry-after': '7' },
    body: 'yes',
  }));
  const outcome = await post(`${receiver.origin}/hook?x=1`);
  assert.deepEqual(outcome, { kind: 'answer', status: 202, retryAfter: '7', body: 'yes' });
  const [request] = receiver.requests;
  assert.deepEqual([request?.method, request?.path, request?.body], ['POST', '/hook?x=1', '{"a":1}']);
  assert.equal(request?.headers['content-length'], '7');
  assert.equal(request?.headers.authorization, TOKEN);
});

test('a redirect to another origin is not followed: nothing of the request arrives there', async (context) => {
  const elsewhere = await startReceiver(context);
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `${elsewhere.origin}/taken?key=k`;
    const receiver = await startReceiver(context, () => ({ status, headers: { location } }));
    const outcome = await post(`${receiver.origin}/secret-path`);
    assert.equal(outcome.kind, 'led-elsewhere');
    const { problem } = outcome as { problem: string };
    assert.equal(problem, `answered ${status} and leads to ${elsewhere.origin}`);
  }
  assert.deepEqual(elsewhere.requests, []);
});

test('a redirect within the origin is followed when it keeps the method, and not for ever', async (context) => {
  const receiver = await startReceiver(context, ({ path }) => {
    if (path === '/there') return OK;
    return { status: 308, headers: { location: path === '/loop' ? '/loop' : '/there' } };
  });
  assert.equal((await post(`${receiver.origin}/here`)).kind, 'answer');
  assert.equal(receiver.requests[1]?.body, '{"a":1}');
  assert.equal((await post(`${receiver.origin}/loop`)).kind, 'led-elsewhere');
  assert.equal(receiver.requests.length, 2 + 4);
});

test('gives up on a receiver that never answers', async (context) => {
  const receiver = await startReceiver(context, () => 'hang');
  const outcome = await post(receiver.origin, 1000);
  assert.deepEqual(outcome, { kind: 'no-answer', problem: 'no answer within 1000 ms' });
  assert.equal(receiver.requests.length, 1);
});

test('says that nobody listens, or that the connection broke, without the URL', async (context) => {
  const refused = await post(`${await unusedOrigin()}/secret-path`);
  assert.deepEqual(refused, { kind: 'no-answer', problem: 'the connection failed: ECONNREFUSED' });
  const receiver = await startReceiver(context, () => 'break');
  const broken = await post(`${receiver.origin}/secret-path`);
  assert.deepEqual(broken, { kind: 'no-answer', problem: 'the connection failed: ECONNRESET' });
});

test('stops at once when it is interrupted', async (context) => {
  const receiver = await startReceiver(context, () => 'hang');
  const controller = new AbortController();
  const running = postJson(requestTo(receiver.origin), { totalMs: 60_000, signal: controller.signal });
  await receiver.received(1);
  controller.abort();
  assert.deepEqual(await running, { kind: 'no-answer', problem: 'interrupted' });
});

test('does not read an answer without end', async (context) => {
  const receiver = await startReceiver(context, () => 'endless');
  const outcome = await post(receiver.origin, 5000);
  assert.ok(outcome.kind === 'answer', JSON.stringify(outcome));
  assert.equal(outcome.body.length, 64 * 1024);
});

/** A certificate for 127.0.0.1 that nobody vouches for; undefined without openssl(1). */
function makeCertificate(directory: string): { readonly key: Buffer; readonly cert: Buffer } | undefined {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const { status } = spawnSync('openssl', [...args, ...subject, '-keyout', key, '-out', cert]);
  return status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
}

test('sends nothing to a server whose certificate nobody vouches for', async (context) => {
  const credentials = makeCertificate(makeTempDir(context));
  if (credentials === undefined) {
    context.skip('openssl is not installed');
    return;
  }
  let requests = 0;
  const server = createServer(credentials, (_request, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const outcome = await post(`https://127.0.0.1:${port}/secret-path`);
  assert.deepEqual(outcome, {
    kind: 'no-answer',
    problem: 'the connection failed: DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  assert.equal(requests, 0);
});
