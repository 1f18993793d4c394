// The shape of what each service gets: one golden request for each template and kind of occurrence that matters.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { attemptDelivery } from '../../dist/events/attempt-delivery.js';
import { loadWebhooks } from '../../dist/events/load-webhooks.js';
import { eventIdOf } from '../../dist/events/occurrence.js';
import type { ReleaseOccurrence } from '../../dist/events/occurrence.js';
import { makeEventRoot, occurrenceOf } from './event-root.js';
import { startReceiver } from './receiver.js';
import type { ReceivedRequest, ReplyRule } from './receiver.js';

const AT = '2026-11-25T10:00:05.200Z';
const TOKEN = 'token-of-this-host';
const ARTIFACT =
  'pkg:generic/shop@1.4.2?release=1.4.2-4f2a91c07b3e&release_id=4f2a91c07b3e5d6f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f';
const COMMIT = '9c1185a5c5e9fc54612808977ee8f548b2258d31';
const FAILED: Partial<ReleaseOccurrence> = { kind: 'reverted', reason: 'check: answered <500> & died' };

interface Sent {
  readonly path: string;
  readonly headers: ReceivedRequest['headers'];
  readonly body: unknown;
  readonly text: string;
}

/** Sends one occurrence with one webhook's settings, and returns what arrived. */
async function send(
  context: TestContext,
  settings: Readonly<Record<string, unknown>> & { readonly path?: string },
  change: Partial<ReleaseOccurrence> = {},
  rule?: ReplyRule,
): Promise<readonly Sent[]> {
  const receiver = await startReceiver(context, rule);
  const { path = '', ...rest } = settings;
  const paths = makeEventRoot(context, { one: { url: `${receiver.origin}${path}`, ...rest } });
  const config = loadWebhooks(paths);
  const webhook = config?.webhooks[0];
  assert.ok(config !== undefined && webhook !== undefined);
  const occurrence = occurrenceOf({ at: AT, ...change });
  const { host, environment } = config;
  const event = { id: eventIdOf(occurrence), occurrence, host, environment, isTest: false };
  const result = await attemptDelivery(webhook, event, { stepsDone: 0, kept: null }, { totalMs: 20_000 });
  assert.equal(result.kind, 'delivered');
  return receiver.requests.map(({ method, path: where, headers, body }) => {
    assert.equal(method, 'POST');
    return { path: where, headers, body: JSON.parse(body) as unknown, text: body };
  });
}

test('CloudEvents: a CDEvent in structured mode, signed; the receiver can verify it with nothing but the secret', async (context) => {
  const secret = `whsec_${Buffer.from('twenty-four bytes or more').toString('base64')}`;
  const headers = { Authorization: 'Bearer for-the-proxy' };
  const [sent, ...more] = await send(context, { path: '/events', secret, headers });
  assert.ok(sent !== undefined && more.length === 0);
  const source = '/salver/web-1/shop';
  const type = 'dev.cdevents.service.upgraded.0.2.0';
  assert.deepEqual(sent.body, {
    specversion: '1.0',
    id: 'tx-1-activated',
    source,
    type,
    subject: 'shop',
    time: AT,
    datacontenttype: 'application/json',
    data: {
      context: { version: '0.4.1', id: 'tx-1-activated', source, type, timestamp: AT },
      subject: {
        id: 'shop',
        source,
        type: 'service',
        content: { environment: { id: 'production' }, artifactId: ARTIFACT },
      },
      customData: {
        host: 'web-1',
        kind: 'activated',
        succeeded: true,
        release: '1.4.2-4f2a91c07b3e',
        releaseId: '4f2a91c07b3e5d6f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f',
        version: '1.4.2',
        previous: '1.4.1-0c9d1e55ab42',
        commit: COMMIT,
        by: 'ada',
        durationMs: 4200,
        txid: 'tx-1',
      },
      customDataContentType: 'application/json',
    },
  });
  assert.equal(sent.headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  assert.equal(sent.headers.authorization, 'Bearer for-the-proxy');
  assert.equal(sent.headers['webhook-id'], 'tx-1-activated');
  const timestamp = String(sent.headers['webhook-timestamp']);
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`tx-1-activated.${timestamp}.${sent.text}`).digest('base64');
  assert.equal(sent.headers['webhook-signature'], `v1,${mac}`);
});

test('CloudEvents: each kind has the type that CDEvents has for it', async (context) => {
  const cases: readonly (readonly [change: Partial<ReleaseOccurrence>, type: string, artifact: RegExp])[] = [
    [{ previous: null }, 'dev.cdevents.service.deployed.0.2.0', /@1\.4\.2\?/],
    [{}, 'dev.cdevents.service.upgraded.0.2.0', /@1\.4\.2\?/],
    [{ kind: 'rolled-back' }, 'dev.cdevents.service.rolledback.0.2.0', /@1\.4\.2\?/],
    [FAILED, 'dev.cdevents.service.rolledback.0.2.0', /@1\.4\.1\?release=1\.4\.1-0c9d1e55ab42$/],
    [{ kind: 'activation-failed' }, 'dev.cdeventsx.salver-service.activationfailed.0.1.0', /@1\.4\.2\?/],
  ];
  for (const [change, type, artifact] of cases) {
    const [sent] = await send(context, {}, change);
    const body = sent?.body as {
      readonly type: string;
      readonly data: { context: { type: string }; subject: { content: { artifactId: string } } };
    };
    assert.deepEqual([body.type, body.data.context.type], [type, type]);
    assert.match(body.data.subject.content.artifactId, artifact);
  }
});

test('Slack: text for notifications and two blocks, and nothing that calls people', async (context) => {
  const change = { ...FAILED, app: 'shop', by: '<!channel>' };
  const [sent] = await send(context, { template: 'slack', path: '/services/T/B/x' }, change);
  const line =
    ':x: shop 1.4.2 was unhealthy and has been reverted to 1.4.1-0c9d1e55ab42 on web-1 (production)';
  const facts = [
    'release 1.4.2-4f2a91c07b3e',
    'before 1.4.1-0c9d1e55ab42',
    `commit ${COMMIT}`,
    'by &lt;!channel&gt;',
    'in 4.2 s',
    'reason: check: answered &lt;500&gt; &amp; died',
  ].join(' · ');
  assert.equal(sent?.path, '/services/T/B/x');
  assert.deepEqual(sent?.body, {
    text: line,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: line } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: facts }] },
    ],
  });
});

test('Sentry: the release with its commit, then a deploy of it; a release that is known already is fine', async (context) => {
  const settings = { template: 'sentry', token: TOKEN, organization: 'acme', projects: ['shop'] };
  const [release, deploy, ...more] = await send(
    context,
    { ...settings, path: '/sentry/', repository: 'acme/shop' },
    {},
    (_request, index) => ({ status: index === 0 ? 208 : 201, body: '{}' }),
  );
  assert.deepEqual(more, []);
  assert.equal(release?.path, '/sentry/api/0/organizations/acme/releases/');
  assert.equal(release.headers.authorization, `Bearer ${TOKEN}`);
  assert.deepEqual(release.body, {
    version: 'shop@1.4.2',
    projects: ['shop'],
    dateReleased: AT,
    refs: [{ repository: 'acme/shop', commit: COMMIT }],
  });
  assert.equal(deploy?.path, '/sentry/api/0/organizations/acme/releases/shop%401.4.2/deploys/');
  assert.equal(deploy.headers.authorization, `Bearer ${TOKEN}`);
  assert.deepEqual(deploy.body, {
    environment: 'production',
    name: 'web-1',
    dateStarted: '2026-11-25T10:00:01.000Z',
    dateFinished: AT,
    projects: ['shop'],
  });
});

test('Grafana: an annotation from beginning to end of the activation', async (context) => {
  const [sent] = await send(context, {
    template: 'grafana',
    path: '/grafana',
    token: TOKEN,
    tags: ['web'],
    dashboard: 'abc',
    panel: 2,
  });
  assert.equal(sent?.path, '/grafana/api/annotations');
  assert.equal(sent.headers.authorization, `Bearer ${TOKEN}`);
  assert.deepEqual(sent.body, {
    time: Date.parse('2026-11-25T10:00:01.000Z'),
    timeEnd: Date.parse(AT),
    tags: ['deploy', 'shop', 'production', 'activated', 'web'],
    text: [
      'shop 1.4.2 is active on web-1 (production)',
      'release 1.4.2-4f2a91c07b3e',
      'before 1.4.1-0c9d1e55ab42',
      `commit ${COMMIT}`,
      'by ada',
      'in 4.2 s',
    ].join('\n'),
    dashboardUID: 'abc',
    panelId: 2,
  });
});

test('Datadog: an event; one that is too old for Datadog is dated by its arrival', async (context) => {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
  const settings = { template: 'datadog', token: TOKEN, tags: ['team:web'] };
  const [sent] = await send(context, settings, { at: now, kind: 'activation-failed', reason: 'too slow' });
  assert.equal(sent?.path, '/api/v1/events');
  assert.equal(sent.headers['dd-api-key'], TOKEN);
  assert.deepEqual(sent.body, {
    title: 'shop 1.4.2 could not be activated on web-1 (production)',
    text: [
      'release 1.4.2-4f2a91c07b3e',
      'before 1.4.1-0c9d1e55ab42',
      `commit ${COMMIT}`,
      'by ada',
      'in 4.2 s',
      'reason: too slow',
      `at ${now}`,
    ].join('\n'),
    alert_type: 'error',
    aggregation_key: 'shop@1.4.2 production',
    host: 'web-1',
    tags: ['service:shop', 'version:1.4.2', 'env:production', 'kind:activation-failed', 'team:web'],
    date_happened: Date.parse(now) / 1000,
  });
  const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString();
  const [late] = await send(context, settings, { at: yesterday });
  assert.equal('date_happened' in (late?.body as object), false);
});

test('GitHub: a deployment of the commit, then the status of that deployment', async (context) => {
  const answer = JSON.stringify({ id: 4711, url: 'https://api.github.com/x' });
  const [deployment, status, ...more] = await send(
    context,
    { template: 'github', path: '/api/v3', token: TOKEN, repository: 'acme/shop' },
    {},
    () => ({ status: 201, body: answer }),
  );
  assert.deepEqual(more, []);
  const description = 'shop 1.4.2 is active on web-1 (production)';
  assert.equal(deployment?.path, '/api/v3/repos/acme/shop/deployments');
  assert.equal(deployment.headers.authorization, `Bearer ${TOKEN}`);
  assert.equal(deployment.headers.accept, 'application/vnd.github+json');
  assert.equal(deployment.headers['user-agent'], 'salver-host');
  assert.deepEqual(deployment.body, {
    ref: COMMIT,
    environment: 'production',
    description,
    auto_merge: false,
    required_contexts: [],
    payload: {
      event: 'tx-1-activated',
      host: 'web-1',
      release: '1.4.2-4f2a91c07b3e',
      previous: '1.4.1-0c9d1e55ab42',
    },
  });
  assert.equal(status?.path, '/api/v3/repos/acme/shop/deployments/4711/statuses');
  assert.deepEqual(status.body, { state: 'success', environment: 'production', description });
});

test('GitHub: a failure has its own state, and "ref" stands in for the commit', async (context) => {
  const [deployment, status] = await send(
    context,
    { template: 'github', token: TOKEN, repository: 'acme/shop', ref: 'v{version}' },
    FAILED,
    () => ({ status: 201, body: '{"id":1}' }),
  );
  assert.equal((deployment?.body as { ref: string }).ref, 'v1.4.2');
  assert.equal((status?.body as { state: string }).state, 'failure');
});
