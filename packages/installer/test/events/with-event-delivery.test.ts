import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_PROGRESS } from '@salver/core';
import { enqueueEvents } from '../../dist/events/outbox.js';
import { withEventDelivery } from '../../dist/events/with-event-delivery.js';
import { makeEventRoot, occurrenceOf } from './event-root.js';
import { OK, startReceiver } from './receiver.js';

test('others are told of an act that succeeded and of one that failed, and its outcome stays what it was', async (context) => {
  const receiver = await startReceiver(context);
  const paths = makeEventRoot(context, { one: { url: receiver.origin } });
  const act = (txid: string): Promise<string> => {
    enqueueEvents(paths, occurrenceOf({ txid }));
    return txid === 'tx-bad' ? Promise.reject(new Error('reverted')) : Promise.resolve('done');
  };
  const options = { progress: SILENT_PROGRESS };
  assert.equal(await withEventDelivery(paths, options, () => act('tx-good')), 'done');
  await assert.rejects(
    withEventDelivery(paths, options, () => act('tx-bad')),
    /^Error: reverted$/,
  );
  assert.deepEqual(
    receiver.requests.map(({ body }) => (JSON.parse(body) as { id: string }).id),
    ['tx-good-activated', 'tx-bad-activated'],
  );
});

test('what could not be delivered is a warning', async (context) => {
  const receiver = await startReceiver(context, ({ body }) =>
    body.includes('tx-bad') ? { status: 403 } : OK,
  );
  const paths = makeEventRoot(context, { one: { url: `${receiver.origin}/secret-path` } });
  const warnings: string[] = [];
  const progress = { ...SILENT_PROGRESS, warn: (text: string): void => void warnings.push(text) };
  const result = await withEventDelivery(paths, { progress }, () => {
    enqueueEvents(paths, occurrenceOf({ txid: 'tx-bad' }));
    return Promise.resolve('done');
  });
  assert.equal(result, 'done');
  assert.deepEqual(warnings, [
    'event not delivered yet: one (cloudevents): 1.4.2-4f2a91c07b3e activated: answered 403',
  ]);
});
