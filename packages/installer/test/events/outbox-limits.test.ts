import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { deliverEvents, enqueueEvents } from '../../dist/events/outbox.js';
import { OUTBOX_AGE_MAX_MS, OUTBOX_FILES_MAX } from '../../dist/events/outbox-limits.js';
import { makeEventRoot, occurrenceOf, outboxFiles } from './event-root.js';
import { startReceiver } from './receiver.js';

const DEADLINE = { deadlineMs: 20_000 };

function stamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:.]/g, '');
}

test('a full outbox drops the oldest, keeps the newest, and the next delivery says so once', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  const now = Date.now();
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-oldest', at: new Date(now - 3_600_000).toISOString() }));
  // The content does not matter to the limit, and flushing 500 files to the disk takes long.
  for (let index = 0; index < OUTBOX_FILES_MAX - 1; index += 1)
    writeFileSync(`${paths.outbox}/${stamp(now - 1_800_000)}-tx-${index}-activated.event`, 'damaged');
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-newest', at: new Date(now).toISOString() }));
  const names = outboxFiles(paths).filter((name) => name !== 'dropped');
  assert.equal(names.length, OUTBOX_FILES_MAX);
  assert.ok(!names.some((name) => name.includes('tx-oldest')));
  assert.ok(names.some((name) => name.includes('tx-newest')));
  const report = await deliverEvents(paths, DEADLINE);
  assert.equal(report.delivered, 1);
  assert.match(report.warnings[0] ?? '', /^1 event was dropped/);
  assert.deepEqual((await deliverEvents(paths, DEADLINE)).warnings, []);
});

test('what is a week old is dropped instead of sent', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  const now = Date.now();
  const at = (ageMs: number): string => new Date(now - ageMs).toISOString();
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-old', at: at(OUTBOX_AGE_MAX_MS + 120_000) }));
  enqueueEvents(paths, occurrenceOf({ txid: 'tx-young', at: at(OUTBOX_AGE_MAX_MS - 120_000) }));
  const report = await deliverEvents(paths, DEADLINE);
  assert.deepEqual([report.delivered, report.warnings.length], [1, 1]);
  assert.match(receiver.requests[0]?.body ?? '', /tx-young/);
});

test('an unfinished file of a dead process goes after an hour, not before', async (context) => {
  const paths = makeEventRoot(context, {});
  enqueueEvents(paths, occurrenceOf());
  const [old, fresh] = ['a.event.unfinished', 'b.event.unfinished'];
  for (const name of [old, fresh]) writeFileSync(`${paths.outbox}/${name}`, 'half');
  const hourAgo = Date.now() / 1000 - 3700;
  utimesSync(`${paths.outbox}/${old}`, hourAgo, hourAgo);
  await deliverEvents(paths, DEADLINE);
  assert.deepEqual(outboxFiles(paths), [fresh]);
});
