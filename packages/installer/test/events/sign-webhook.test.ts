import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookHeaders } from '../../dist/events/sign-webhook.js';

const MESSAGE = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };

test('signs as the test vector of Standard Webhooks says', () => {
  assert.deepEqual(webhookHeaders(MESSAGE, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret in any other form is a key as it stands', () => {
  const plain = webhookHeaders(MESSAGE, 'correct horse battery staple');
  const base64 = Buffer.from('correct horse battery staple').toString('base64');
  assert.deepEqual(plain, webhookHeaders(MESSAGE, `whsec_${base64}`));
});

test('without a secret there is an id and a time but no signature', () => {
  assert.deepEqual(Object.keys(webhookHeaders(MESSAGE, undefined)), ['webhook-id', 'webhook-timestamp']);
});
