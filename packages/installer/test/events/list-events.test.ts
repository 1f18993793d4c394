import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { flushEvents, listEvents, testWebhook } from '@salver/installer';
import { enqueueEvents } from '../../dist/events/outbox.js';
import { makeTempDir, snapshot, withCode } from '../test-root.js';
import { makeEventRoot, occurrenceOf } from './event-root.js';
import { startReceiver, unusedOrigin } from './receiver.js';

test('lists webhooks without their secrets, and what waits with the reason', async (context) => {
  const receiver = await startReceiver(context, () => ({ status: 404, body: 'no such hook' }));
  const paths = makeEventRoot(context, {
    refuses: { url: `${receiver.origin}/secret-path` },
    gone: { template: 'slack', url: `${await unusedOrigin()}/secret-path` },
  });
  enqueueEvents(paths, occurrenceOf({ at: '2026-11-25T10:00:05.200Z' }));
  const before = listEvents(paths.root);
  assert.deepEqual(
    before.events.map(({ webhook, state, attempts }) => [webhook, state, attempts]),
    [
      ['gone', 'pending', 0],
      ['refuses', 'pending', 0],
    ],
  );
  await flushEvents(paths.root, { deadlineMs: 2000 });
  const { events, webhooks, environment, host } = listEvents(paths.root);
  assert.deepEqual([environment, host], ['production', 'web-1']);
  assert.deepEqual(webhooks.map(({ name, template, origin }) => [name, template, origin])[0], [
    'refuses',
    'cloudevents',
    receiver.origin,
  ]);
  assert.deepEqual(
    events.map(({ webhook, state, attempts, problem }) => [webhook, state, attempts > 0, problem]),
    [
      ['gone', 'pending', true, 'the connection failed: ECONNREFUSED'],
      ['refuses', 'failed', true, 'answered 404'],
    ],
  );
  assert.equal(events[1]?.nextAttemptAt, null);
  assert.ok((events[0]?.nextAttemptAt ?? '') > new Date().toISOString().slice(0, 13));
  assert.doesNotMatch(JSON.stringify({ events, webhooks }), /secret-path/);
});

test('looking changes nothing', (context) => {
  const paths = makeEventRoot(context, { one: { url: 'https://hooks.example.net/' } });
  enqueueEvents(paths, occurrenceOf());
  const state = snapshot(paths.root);
  listEvents(paths.root);
  assert.deepEqual(snapshot(paths.root), state);
});

test('a directory that is no root is refused', async (context) => {
  const root = makeTempDir(context);
  assert.throws(() => listEvents(root), withCode('E_RELEASE_NOT_FOUND'));
  await assert.rejects(flushEvents(root, { deadlineMs: 1 }), withCode('E_RELEASE_NOT_FOUND'));
  await assert.rejects(testWebhook({ root, webhook: 'x', by: 'ada' }), withCode('E_RELEASE_NOT_FOUND'));
});

test('a test event goes to the one webhook, is marked as such, and its answer is shown without secrets', async (context) => {
  const receiver = await startReceiver(context, ({ path }) => ({
    status: 202,
    body: `taken at ${path}\u0007`,
  }));
  const other = await startReceiver(context);
  const paths = makeEventRoot(context, {
    one: { url: `${receiver.origin}/secret-path` },
    two: { url: other.origin },
  });
  const result = await testWebhook({ root: paths.root, webhook: 'one', by: 'ada' });
  assert.deepEqual(
    [result.status, result.answer, result.origin],
    [202, 'taken at ***\\u0007', receiver.origin],
  );
  assert.equal(other.requests.length, 0);
  const { data } = JSON.parse(receiver.requests[0]?.body ?? '') as {
    data: {
      customData: { test: boolean; by: string };
      subject: { content: { environment: { id: string } } };
    };
  };
  assert.deepEqual([data.customData.test, data.customData.by], [true, 'ada']);
  assert.equal(data.subject.content.environment.id, 'salver-test');
});

test('a test event that is not taken says who answered what', async (context) => {
  const receiver = await startReceiver(context, () => ({ status: 403, body: 'invalid_token' }));
  const paths = makeEventRoot(context, {
    team: { template: 'slack', url: `${receiver.origin}/secret-path` },
  });
  await assert.rejects(testWebhook({ root: paths.root, webhook: 'team', by: 'ada' }), (error) => {
    assert.ok(isSalverError(error, 'E_EVENT_NOT_DELIVERED'));
    assert.equal(error.message, `team (slack) at ${receiver.origin}: answered 403: invalid_token`);
    return true;
  });
  await assert.rejects(testWebhook({ root: paths.root, webhook: 'taem', by: 'ada' }), (error) => {
    assert.ok(isSalverError(error, 'E_USAGE'));
    assert.equal(error.hint, 'did you mean "team"?');
    return true;
  });
});
