import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { activateRelease, rollbackRelease } from '@salver/installer';
import { failure, linkTo, listeningProgress, release, serveRoot } from './served-root.js';
import { install } from './test-root.js';

const HOST: HostSettings = {
  env: {
    DATABASE_URL: { required: true, pattern: 'postgres://.+' },
    MODE: { pattern: 'fast|slow' },
    PORT: { required: true, default: '3000' },
    TOKEN: { required: true },
    EMPTY: { required: true },
    BROKEN: { pattern: '(' },
  },
};
const ENV = {
  DATABASE_URL: 'mysql://s3cret',
  MODE: 'faster',
  EMPTY: '',
  BROKEN: 'x',
  PATH: process.env['PATH'],
};

test('everything that is wrong is named at once, values never, before anything is written', async (context) => {
  const { root } = await serveRoot(context);
  const error = await failure(install(root, await release(1, HOST), { env: ENV }));
  assert.equal(error.code, 'E_ENV_UNMET');
  const problems = (error.facts.problems as string[]).map((problem) => problem.split(' ')[0]);
  assert.deepEqual(problems.sort(), ['BROKEN', 'DATABASE_URL', 'EMPTY', 'MODE', 'TOKEN']);
  assert.ok(!`${error.message}${JSON.stringify(error.facts)}`.includes('s3cret'));
  assert.ok(!existsSync(root));
});

test('config/env wins over the environment of the process, and both over defaults', async (context) => {
  const { root } = await serveRoot(context);
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/env'), 'DATABASE_URL=postgres://db\nMODE=slow\nEMPTY=no\nBROKEN=\n');
  const env = { ...ENV, TOKEN: 't' };
  const installed = await install(root, await release(1, HOST), { env: { ...env, BROKEN: '' } });
  assert.equal(linkTo(root, 'current'), installed.release);
});

test('activate asks again: settings may have gone since the installation', async (context) => {
  const { root } = await serveRoot(context);
  const host: HostSettings = { env: { TOKEN: { required: true } } };
  const { progress, said } = listeningProgress();
  await install(root, await release(1, host), { activate: false, env: {}, progress });
  assert.match(said.join('\n'), /TOKEN is not set/);
  const error = await failure(activateRelease({ root, release: '1.0.1', env: {} }));
  assert.equal(error.code, 'E_ENV_UNMET');
  assert.equal(linkTo(root, 'current'), undefined);
});

test('a rollback is not refused for it, but says what has been removed since', async (context) => {
  const { root } = await serveRoot(context);
  const host: HostSettings = { env: { OLD_URL: { required: true } } };
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/env'), 'OLD_URL=x\nSMTP_HOST=mail\n');
  const first = await install(root, await release(1, host));
  writeFileSync(join(root, 'config/env'), 'NEW_URL=x\n');
  await install(root, await release(2));
  const { progress, said } = listeningProgress();
  assert.equal((await rollbackRelease({ root, progress })).release, first.release);
  assert.match(said.join('\n'), /not any more: OLD_URL, SMTP_HOST/);
  assert.match(said.join('\n'), /OLD_URL is not set/);
});

test('a config/env that cannot be read stops an activation beforehand, but no rollback', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const second = await install(root, await release(2));
  mkdirSync(join(root, 'config'));
  writeFileSync(join(root, 'config/env'), 'A="not closed\n');
  const host: HostSettings = { hooks: { reload: { run: 'true' } } };
  const error = await failure(install(root, await release(3, host)));
  assert.equal(error.code, 'E_CONFIG_INVALID');
  assert.equal(linkTo(root, 'current'), second.release);
  const { progress, said } = listeningProgress();
  assert.equal((await rollbackRelease({ root, progress })).release, first.release);
  assert.match(said.join(), /config\/env line 1/);
});
