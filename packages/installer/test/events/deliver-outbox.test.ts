import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deliverEvents, enqueueEvents } from '../../dist/events/outbox.js';
import type { HostPaths } from '../../dist/host-paths.js';
import {
  configure,
  everythingWritten,
  makeEventRoot,
  occurrenceOf,
  onlyDelivery,
  outboxFiles,
} from './event-root.js';
import { OK, startReceiver, unusedOrigin } from './receiver.js';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../dist');
const DEADLINE = { deadlineMs: 20_000 };
/** For receivers that do not take it in any case. */
const SHORT = { deadlineMs: 1500 };

function idsOf(requests: readonly { readonly body: string }[]): readonly string[] {
  return requests.map(({ body }) => (JSON.parse(body) as { id: string }).id);
}

test('what is delivered is gone from the outbox', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const report = await deliverEvents(paths, DEADLINE);
  assert.deepEqual(report, { delivered: 1, pending: 0, failed: 0, problems: [], warnings: [] });
  assert.deepEqual(idsOf(receiver.requests), ['tx-1-activated']);
  assert.deepEqual(outboxFiles(paths), []);
  assert.equal((await deliverEvents(paths, DEADLINE)).delivered, 0);
});

test('a webhook is told of the kinds it asks for, in order', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin, on: ['activated', 'reverted'] } });
  for (const [second, kind] of (
    ['activated', 'rolled-back', 'activation-failed', 'reverted'] as const
  ).entries())
    enqueueEvents(paths, occurrenceOf({ kind, at: new Date(Date.now() + second * 1000).toISOString() }));
  assert.equal((await deliverEvents(paths, DEADLINE)).delivered, 2);
  assert.deepEqual(idsOf(receiver.requests), ['tx-1-activated', 'tx-1-reverted']);
});

test('after a 500 it is sent again with the same id, within the time there is', async (context) => {
  const receiver = await startReceiver(context, (_request, index) => (index === 0 ? { status: 500 } : OK));
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const report = await deliverEvents(paths, DEADLINE);
  assert.deepEqual(report, { delivered: 1, pending: 0, failed: 0, problems: [], warnings: [] });
  assert.deepEqual(idsOf(receiver.requests), ['tx-1-activated', 'tx-1-activated']);
  assert.equal(receiver.requests[0]?.body, receiver.requests[1]?.body);
});

test('Retry-After is honoured across runs, and `retry` overrules it', async (context) => {
  const headers = { 'retry-after': '3600' };
  const receiver = await startReceiver(context, (_request, index) =>
    index === 0 ? { status: 429, headers } : OK,
  );
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const before = Date.now();
  const first = await deliverEvents(paths, DEADLINE);
  assert.deepEqual([first.delivered, first.pending, first.failed], [0, 1, 0]);
  assert.deepEqual(first.problems, ['one (cloudevents): 1.4.2-4f2a91c07b3e activated: answered 429']);
  const { attempts, state, problem, nextAttemptAt } = onlyDelivery(paths);
  assert.deepEqual([attempts, state, problem], [1, 'pending', 'answered 429']);
  assert.ok(Number(nextAttemptAt) >= before + 3_600_000);
  assert.equal((await deliverEvents(paths, DEADLINE)).pending, 1);
  assert.equal(receiver.requests.length, 1);
  assert.equal((await deliverEvents(paths, { ...DEADLINE, retry: true })).delivered, 1);
});

test('a refusal is not repeated; it is kept, and `retry` tries it once more', async (context) => {
  const receiver = await startReceiver(context, (_request, index) =>
    index < 2 ? { status: 401, body: 'no' } : OK,
  );
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  assert.equal((await deliverEvents(paths, DEADLINE)).failed, 1);
  assert.deepEqual((await deliverEvents(paths, DEADLINE)).problems, []);
  assert.equal(receiver.requests.length, 1);
  assert.equal((await deliverEvents(paths, { ...DEADLINE, retry: true })).failed, 1);
  assert.equal(receiver.requests.length, 2);
  const last = await deliverEvents(paths, { ...DEADLINE, retry: true });
  assert.deepEqual([last.delivered, last.failed], [1, 0]);
});

test('a receiver that hangs or is not there holds up neither the others nor the caller', async (context) => {
  const hanging = await startReceiver(context, () => 'hang');
  const good = await startReceiver(context);
  const paths = makeEventRoot(context, {
    hangs: { url: hanging.origin },
    gone: { url: await unusedOrigin() },
    good: { url: good.origin },
  });
  enqueueEvents(paths, occurrenceOf());
  const began = Date.now();
  const report = await deliverEvents(paths, { deadlineMs: 2000 });
  assert.ok(Date.now() - began < 10_000);
  assert.deepEqual([report.delivered, report.pending], [1, 2]);
  assert.deepEqual(report.problems.map((line) => line.split(':')[0]).sort(), [
    'gone (cloudevents)',
    'hangs (cloudevents)',
  ]);
});

test('one event that always fails does not hold up those behind it', async (context) => {
  const receiver = await startReceiver(context, ({ body }) =>
    body.includes('tx-bad') ? { status: 500 } : OK,
  );
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-bad', at: new Date(Date.now() - 5000).toISOString() }));
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-good' }));
  const report = await deliverEvents(paths, { deadlineMs: 3000 });
  assert.deepEqual([report.delivered, report.pending], [1, 1]);
});

test('a request of a template that is done is not repeated when a later one fails', async (context) => {
  const receiver = await startReceiver(context, ({ path }, index) => {
    if (path.endsWith('/deployments')) return { status: 201, body: '{"id":77}' };
    return index === 1 ? { status: 502, headers: { 'retry-after': '3600' } } : { status: 201 };
  });
  const webhook = {
    template: 'github',
    url: receiver.origin,
    token: 'secret-token',
    repository: 'acme/shop',
  };
  const paths = makeEventRoot(context, { code: webhook });
  enqueueEvents(paths, occurrenceOf());
  assert.equal((await deliverEvents(paths, DEADLINE)).pending, 1);
  const { stepsDone, kept } = onlyDelivery(paths);
  assert.deepEqual([stepsDone, kept], [1, '77']);
  assert.equal((await deliverEvents(paths, { ...DEADLINE, retry: true })).delivered, 1);
  assert.deepEqual(
    receiver.requests.map(({ path }) => path.replace('/repos/acme/shop', '')),
    ['/deployments', '/deployments/77/statuses', '/deployments/77/statuses'],
  );
});

test('an answer without what the next request needs is a refusal', async (context) => {
  const receiver = await startReceiver(context, () => ({ status: 201, body: '<html>' }));
  const webhook = {
    template: 'github',
    url: receiver.origin,
    token: 'secret-token',
    repository: 'acme/shop',
  };
  const paths = makeEventRoot(context, { code: webhook });
  enqueueEvents(paths, occurrenceOf());
  assert.equal((await deliverEvents(paths, DEADLINE)).failed, 1);
  assert.equal(receiver.requests.length, 1);
});

/** A process that delivers the outbox of a root. */
function spawnDeliverer(paths: HostPaths): ReturnType<typeof spawn> {
  const script = `
    import { hostPaths } from '${DIST}/host-paths.js';
    import { deliverEvents } from '${DIST}/events/outbox.js';
    const report = await deliverEvents(hostPaths(${JSON.stringify(paths.root)}), { deadlineMs: 20_000 });
    console.log(JSON.stringify(report));`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('killed between sending and noting it, it is sent again with the same id', async (context) => {
  // The first request is taken, and its sender killed before it hears of that.
  const receiver = await startReceiver(context, (_request, index) => (index === 0 ? 'hang' : OK));
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const child = spawnDeliverer(paths);
  await receiver.received(1);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal((await deliverEvents(paths, DEADLINE)).delivered, 1);
  assert.deepEqual(idsOf(receiver.requests), ['tx-1-activated', 'tx-1-activated']);
  assert.deepEqual(outboxFiles(paths), []);
});

test('several that deliver at once send everything once', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  const total = 12;
  for (let index = 0; index < total; index += 1) enqueueEvents(paths, occurrenceOf({ txid: `tx-${index}` }));
  const reports = await Promise.all([1, 2, 3].map(() => deliverEvents(paths, DEADLINE)));
  assert.equal(receiver.requests.length, total);
  assert.equal(new Set(idsOf(receiver.requests)).size, total);
  assert.equal(
    reports.reduce((sum, { delivered }) => sum + delivered, 0),
    total,
  );
});

test('one that finds another delivering for longer than it has time says so and leaves', async (context) => {
  const receiver = await startReceiver(context, () => 'hang');
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const child = spawnDeliverer(paths);
  await receiver.received(1);
  const report = await deliverEvents(paths, { deadlineMs: 200 });
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.deepEqual([report.delivered, report.pending], [0, 1]);
  assert.deepEqual(report.warnings, ['another process is delivering events']);
});

test('an event waits until a broken configuration is mended', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context);
  writeFileSync(paths.webhooksFile, '{"webhooks": {"one": {"ulr": 1}}}', { mode: 0o600 });
  enqueueEvents(paths, occurrenceOf());
  const report = await deliverEvents(paths, DEADLINE);
  assert.match(
    report.warnings.join(),
    /^events were not delivered: config\/webhooks\.json: webhooks\.one\.ulr/,
  );
  configure(paths, { one: { url: receiver.origin } });
  assert.equal((await deliverEvents(paths, DEADLINE)).delivered, 1);
});

test('what is left for a webhook that is configured no more is dropped with a warning', async (context) => {
  const paths = makeEventRoot(context, { old: { url: await unusedOrigin() } });
  enqueueEvents(paths, occurrenceOf());
  assert.equal((await deliverEvents(paths, SHORT)).pending, 1);
  configure(paths, {});
  const report = await deliverEvents(paths, DEADLINE);
  assert.deepEqual([report.pending, report.warnings.length], [0, 1]);
  assert.match(report.warnings[0] ?? '', /old .*not in config\/webhooks\.json/);
});

test('a damaged file of the outbox is removed with a warning and stops nothing', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  writeFileSync(`${paths.outbox}/20200101T000000000Z-x.event`, '');
  writeFileSync(
    `${paths.outbox}/${new Date().toISOString().replace(/[-:.]/g, '')}-y.one.delivery`,
    '{"format":2}',
  );
  const report = await deliverEvents(paths, DEADLINE);
  assert.equal(report.delivered, 1);
  assert.equal(report.warnings.length, 2);
  assert.deepEqual(outboxFiles(paths), []);
});

test('an interrupted run stops and leaves the event as it was', async (context) => {
  const receiver = await startReceiver(context, () => 'hang');
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  enqueueEvents(paths, occurrenceOf());
  const controller = new AbortController();
  const running = deliverEvents(paths, { deadlineMs: 60_000, signal: controller.signal });
  await receiver.received(1);
  controller.abort();
  const report = await running;
  assert.deepEqual([report.pending, report.problems], [1, []]);
  assert.equal(onlyDelivery(paths)['attempts'], 0);
});

test('no secret is written anywhere or said in any report, whatever the receiver answers', async (context) => {
  const token = 'token-that-nobody-may-see';
  const secret = 'signing-secret-that-nobody-may-see';
  const path = '/services/path-that-nobody-may-see';
  const elsewhere = await startReceiver(context);
  const replies = [
    { status: 500, body: `${token} ${path}` },
    { status: 400, body: `${secret} ${path}` },
    { status: 307, headers: { location: `${elsewhere.origin}${path}?${token}` } },
  ];
  for (const reply of replies) {
    const receiver = await startReceiver(context, () => reply);
    const paths = makeEventRoot(
      context,
      {
        plain: {
          url: `${receiver.origin}${path}`,
          secret: 'env:SECRET',
          headers: { Authorization: 'env:TOKEN' },
        },
        code: { template: 'github', url: `${receiver.origin}${path}`, token, repository: 'acme/shop' },
      },
      `SECRET=${secret}\nTOKEN=${token}\n`,
    );
    enqueueEvents(paths, occurrenceOf());
    const report = await deliverEvents(paths, SHORT);
    assert.equal(report.pending + report.failed, 2);
    assert.doesNotMatch(JSON.stringify(report), /nobody-may-see/);
    assert.doesNotMatch(everythingWritten(paths), /nobody-may-see/);
  }
  assert.deepEqual(elsewhere.requests, []);
});
