// Releases are exchanged under load, and nobody notices. The long form is serve-load.deep.test.ts.
import { test } from 'node:test';
import { nodeApp } from './serve-apps.js';
import { exchangeUnderLoad } from './serve-rounds.js';

test('a Node app is exchanged six times under load: no request fails, and no answer mixes releases', async (t) => {
  await exchangeUnderLoad(t, { app: nodeApp(), switches: 6, keepAlive: 4, oneShot: 4 });
});

test('four workers of a Node app are exchanged without a failed request', async (t) => {
  await exchangeUnderLoad(t, {
    app: nodeApp(),
    switches: 3,
    keepAlive: 4,
    oneShot: 4,
    options: ['--workers', '4'],
  });
});
