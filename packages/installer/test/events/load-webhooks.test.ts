import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { SalverError, isSalverError } from '@salver/core';
import { loadWebhooks } from '../../dist/events/load-webhooks.js';
import { configure, makeEventRoot, writeConfig } from './event-root.js';

const URL_OK = 'https://hooks.example.net/T000/B000/secret-path';

test('reads every template, with comments anywhere, secrets by value and by reference', (context) => {
  const env = 'SLACK_URL=https://hooks.slack.com/services/T/B/x\nTOKEN=t0ken-of-the-host\n';
  const paths = makeEventRoot(context, undefined, env);
  const token = 'env:TOKEN';
  writeConfig(
    paths,
    JSON.stringify({
      '//': 'by configuration management',
      environment: 'staging',
      webhooks: {
        '// disabled': 7,
        plain: { url: URL_OK, secret: 'sixteen characters', headers: { Authorization: 'Bearer abc' } },
        team: { '//': 'the channel', template: 'slack', url: 'env:SLACK_URL', on: ['rolled-back'] },
        errors: {
          template: 'sentry',
          token,
          organization: 'acme',
          projects: ['shop'],
          repository: 'acme/shop',
        },
        graphs: {
          template: 'grafana',
          url: 'https://grafana.example.net/g',
          token,
          dashboard: 'abc',
          panel: 2,
        },
        metrics: { template: 'datadog', url: 'https://api.datadoghq.eu', token, tags: ['team:web'] },
        code: { template: 'github', token, repository: 'acme/shop', ref: 'v{version}' },
      },
    }),
  );
  const config = loadWebhooks(paths);
  assert.ok(config !== undefined);
  assert.deepEqual([config.environment, config.host, config.warnings], ['staging', hostname(), []]);
  assert.deepEqual(
    config.webhooks.map(({ name, template, origin }) => [name, template, origin]),
    [
      ['plain', 'cloudevents', 'https://hooks.example.net'],
      ['team', 'slack', 'https://hooks.slack.com'],
      ['errors', 'sentry', 'https://sentry.io'],
      ['graphs', 'grafana', 'https://grafana.example.net'],
      ['metrics', 'datadog', 'https://api.datadoghq.eu'],
      ['code', 'github', 'https://api.github.com'],
    ],
  );
  assert.deepEqual(config.webhooks[1]?.kinds, ['rolled-back']);
  assert.deepEqual(config.webhooks[2]?.kinds, ['activated', 'rolled-back']);
});

const SECRET = 'do-not-show-me';
const WRONG: readonly (readonly [name: string, webhook: unknown, key: string, says: RegExp])[] = [
  ['no object', 7, 'webhooks.one', /must be an object/],
  ['no URL', {}, 'webhooks.one.url', /is missing/],
  ['another scheme', { url: `ftp://x/${SECRET}` }, 'webhooks.one.url', /https:\/\//],
  ['no URL at all', { url: SECRET }, 'webhooks.one.url', /https:\/\//],
  ['plain http', { url: `http://hooks.example.net/${SECRET}` }, 'webhooks.one.url', /allowHttp/],
  ['a password in it', { url: `https://u:${SECRET}@x.example` }, 'webhooks.one.url', /user or password/],
  ['an unknown key', { url: URL_OK, sercet: SECRET }, 'webhooks.one.sercet', /does not know/],
  ['an unknown template', { url: URL_OK, template: 'teams' }, 'webhooks.one.template', /one of cloudevents/],
  ['an unknown kind', { url: URL_OK, on: ['installed'] }, 'webhooks.one.on.0', /one of activated/],
  ['a short secret', { url: URL_OK, secret: 'hunter2' }, 'webhooks.one.secret', /16/],
  [
    'a secret that is not base64',
    { url: URL_OK, secret: `whsec_${SECRET}!!` },
    'webhooks.one.secret',
    /base64/,
  ],
  [
    'a missing variable',
    { url: 'env:NOWHERE' },
    'webhooks.one.url',
    /NOWHERE, which config\/env does not set/,
  ],
  ['a reference without a name', { url: 'env:' }, 'webhooks.one.url', /env:/],
  [
    'a header of ours',
    { url: URL_OK, headers: { Host: SECRET } },
    'webhooks.one.headers.Host',
    /cannot be set/,
  ],
  [
    'two lines in a header',
    { url: URL_OK, headers: { A: `a\n${SECRET}` } },
    'webhooks.one.headers.A',
    /one line/,
  ],
  ['Sentry and failures', { template: 'sentry', on: ['reverted'] }, 'webhooks.one.on.0', /one of activated/],
  [
    'GitHub without owner',
    { template: 'github', token: SECRET, repository: 'shop' },
    'webhooks.one.repository',
    /not allowed/,
  ],
];

for (const [name, webhook, key, says] of WRONG) {
  test(`an error points at the key and shows no value: ${name}`, (context) => {
    const paths = makeEventRoot(context, { one: webhook });
    assert.throws(
      () => loadWebhooks(paths),
      (error) => {
        assert.ok(isSalverError(error, 'E_CONFIG_INVALID'), String(error));
        assert.equal(error.facts['key'], key);
        assert.match(error.message, says);
        assert.match(error.message, /^config\/webhooks\.json: /);
        assert.doesNotMatch(JSON.stringify([error.message, error.hint, error.facts]), new RegExp(SECRET));
        return true;
      },
    );
  });
}

test('suggests the key that was probably meant', (context) => {
  const paths = makeEventRoot(context, { one: { url: URL_OK, sercet: 'x' } });
  assert.throws(
    () => loadWebhooks(paths),
    (error) => error instanceof SalverError && error.hint === 'did you mean "secret"?',
  );
});

test('says in which line the file is not JSON, without showing any of it', (context) => {
  const paths = makeEventRoot(context);
  writeConfig(paths, `{\n  "webhooks": {\n    "one": { "url": "${SECRET}" "x": 1 }\n  }\n}`);
  assert.throws(
    () => loadWebhooks(paths),
    (error) => {
      assert.ok(isSalverError(error, 'E_CONFIG_INVALID'));
      assert.match(error.message, /is not JSON \(line 3\)/);
      assert.doesNotMatch(String(error.stack), new RegExp(SECRET));
      return true;
    },
  );
});

test('http is for this machine, and for others only when it is permitted', (context) => {
  const paths = makeEventRoot(context, {
    here: { url: 'http://127.0.0.1:8080/' },
    name: { url: 'http://localhost/' },
    six: { url: 'http://[::1]/' },
    there: { url: 'http://hooks.internal/', allowHttp: true },
  });
  assert.equal(loadWebhooks(paths)?.webhooks.length, 4);
});

test('warns when other users can read the file', (context) => {
  const paths = makeEventRoot(context, {});
  for (const [mode, warnings] of [
    [0o600, 0],
    [0o640, 1],
    [0o604, 1],
  ] as const) {
    writeConfig(paths, '{"webhooks":{}}', mode);
    assert.equal(loadWebhooks(paths)?.warnings.length, warnings, mode.toString(8));
  }
});

test('without the file nothing is configured', (context) => {
  assert.equal(loadWebhooks(makeEventRoot(context)), undefined);
});

test('takes every form of a secret out of foreign text', (context) => {
  const paths = makeEventRoot(context);
  configure(paths, { one: { url: URL_OK, headers: { Authorization: 'Bearer a/b+c"d' } } });
  const [webhook] = loadWebhooks(paths)?.webhooks ?? [];
  const forms = [
    'Bearer a/b+c"d',
    encodeURIComponent('Bearer a/b+c"d'),
    JSON.stringify('Bearer a/b+c"d'),
    URL_OK,
  ];
  for (const form of forms) {
    const shown = webhook?.hideSecrets(`you sent ${form}, no?`) ?? '';
    assert.doesNotMatch(shown, /a\/b|a%2F|secret-path/);
    assert.match(shown, /^you sent .*\*\*\*.*, no\?$/);
  }
});
