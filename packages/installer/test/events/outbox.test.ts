import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { deliverEvents, enqueueEvents } from '../../dist/events/outbox.js';
import { readOutbox } from '../../dist/events/outbox-files.js';
import { everythingWritten, makeEventRoot, occurrenceOf, outboxFiles } from './event-root.js';
import { unusedOrigin } from './receiver.js';

const URL = 'https://hooks.example.net/';

test('without webhooks.json nothing is written and nothing delivered', async (context) => {
  const paths = makeEventRoot(context);
  enqueueEvents(paths, occurrenceOf());
  assert.equal(existsSync(paths.outbox), false);
  const report = await deliverEvents(paths, { deadlineMs: 1000 });
  assert.deepEqual(report, { delivered: 0, pending: 0, failed: 0, problems: [], warnings: [] });
  assert.equal(existsSync(paths.outbox), false);
});

test('one private file for each event; the same event again is the same file', (context) => {
  const paths = makeEventRoot(context, { one: { url: URL }, two: { url: URL } });
  const umask = process.umask(0);
  context.after(() => process.umask(umask));
  const occurrence = occurrenceOf({ at: '2026-11-25T10:00:05.200Z' });
  enqueueEvents(paths, occurrence);
  enqueueEvents(paths, occurrence);
  assert.deepEqual(outboxFiles(paths), ['20261125T100005200Z-tx-1-activated.event']);
  assert.equal(statSync(paths.outbox).mode & 0o777, 0o700);
});

test('a caller may hold more facts, fractions of a millisecond and empty words', async (context) => {
  const paths = makeEventRoot(context, { one: { url: await unusedOrigin() } });
  const more = {
    at: '2026-11-25T11:00:05.2+01:00',
    durationMs: 12.75,
    by: '',
    app: '',
    phases: { unpack: 3 },
  };
  enqueueEvents(paths, occurrenceOf({ ...more, reason: 'x'.repeat(50_000) }));
  assert.deepEqual(
    readOutbox(paths).events.map(({ occurrence }) => [occurrence.at, occurrence.durationMs, occurrence.app]),
    [['2026-11-25T10:00:05.200Z', 13, 'unknown']],
  );
});

test('a txid cannot lead out of the outbox', (context) => {
  const paths = makeEventRoot(context, { one: { url: URL } });
  enqueueEvents(paths, occurrenceOf({ at: '2026-11-25T10:00:05.200Z', txid: '../../../escape/./x' }));
  assert.deepEqual(outboxFiles(paths), ['20261125T100005200Z-_________escape___x-activated.event']);
  assert.deepEqual(readdirSync(paths.root).sort(), ['.salver', 'config', 'releases']);
});

test('values of config/env in the reason stay on the host', (context) => {
  const paths = makeEventRoot(
    context,
    { one: { url: URL } },
    'DATABASE_URL=postgres://u:hunter2@db/shop\nPORT=3000\n',
  );
  const reason = 'migrate: cannot reach postgres://u:hunter2@db/shop on port 3000';
  enqueueEvents(paths, occurrenceOf({ kind: 'activation-failed', reason }));
  assert.match(everythingWritten(paths), /migrate: cannot reach \*\*\* on port 3000/);
  assert.doesNotMatch(everythingWritten(paths), /hunter2/);
});

test('neither call throws, whatever is in the way', async (context) => {
  const paths = makeEventRoot(context, { one: { url: URL } });
  // A file where the outbox should be: as unusable for root as for anybody.
  mkdirSync(paths.state, { recursive: true });
  writeFileSync(paths.outbox, '');
  enqueueEvents(paths, occurrenceOf());
  const report = await deliverEvents(paths, { deadlineMs: 1000 });
  assert.equal(report.warnings.length, 1);
  assert.match(report.warnings[0] ?? '', /^events were not delivered: cannot use /);
  rmSync(paths.state, { recursive: true });
  writeFileSync(paths.state, '');
  enqueueEvents(paths, occurrenceOf());
  rmSync(paths.webhooksFile);
  mkdirSync(paths.webhooksFile);
  enqueueEvents(paths, occurrenceOf());
  assert.equal((await deliverEvents(paths, { deadlineMs: 1000 })).warnings.length, 1);
  chmodSync(paths.webhooksFile, 0o700);
});
