// The examples of docs/release-tracking.md work.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadWebhooks } from '../../dist/events/load-webhooks.js';
import { webhookHeaders } from '../../dist/events/sign-webhook.js';
import { TEMPLATE_NAMES } from '../../dist/events/templates/event-template.js';
import { makeTempDir } from '../test-root.js';
import { makeEventRoot, writeConfig } from './event-root.js';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/release-tracking.md', import.meta.url));

const TEXT = readFileSync(DOCUMENT, 'utf8');

test('every example of the documentation is valid, and every template has one', (context) => {
  const examples = [...TEXT.matchAll(/^```json\n(.*?)^```$/gms)].map(([, example = '']) => example);
  const variables = new Set(examples.join('').match(/(?<=env:)[A-Z_]+/g));
  const env = [...variables].map((name) => `${name}=https://hooks.example.net/${name}`).join('\n');
  const paths = makeEventRoot(context, undefined, env);
  const templates = new Set<string>();
  for (const example of examples) {
    writeConfig(paths, example);
    for (const { template } of loadWebhooks(paths)?.webhooks ?? []) templates.add(template);
  }
  assert.deepEqual([...templates].sort(), [...TEMPLATE_NAMES].sort());
});

test('the receiver of the documentation takes what is signed, and nothing that was changed', async (context) => {
  const [, code = ''] = /^```js\n(.*?)^```$/ms.exec(TEXT) ?? [];
  const file = join(makeTempDir(context), 'receiver.mjs');
  writeFileSync(file, `${code}\nexport { isGenuine };\n`);
  type IsGenuine = (headers: object, body: string, secret: string) => boolean;
  const { isGenuine } = (await import(pathToFileURL(file).href)) as { isGenuine: IsGenuine };
  const timestamp = Math.floor(Date.now() / 1000);
  for (const secret of [
    'sixteen characters',
    `whsec_${Buffer.from('sixteen characters').toString('base64')}`,
  ]) {
    const headers = webhookHeaders({ id: 'a', timestamp, body: '{}' }, secret);
    assert.equal(isGenuine(headers, '{}', secret), true);
    assert.equal(isGenuine(headers, '{ }', secret), false);
    assert.equal(isGenuine(headers, '{}', 'another 16 letters'), false);
    const old = webhookHeaders({ id: 'a', timestamp: timestamp - 600, body: '{}' }, secret);
    assert.equal(isGenuine(old, '{}', secret), false);
  }
});
