import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilerProblem, registryProblem } from './fixture-apps.js';
import { killCompilingBuilds, killPlainBuilds } from './kill-build.js';

const skip = (await registryProblem()) ?? false;
const skipCompile = skip || ((await compilerProblem()) ?? false);

test(
  'after kill -9 at 200 random instants the next build is right and the cache sound',
  { skip },
  async (t) => {
    const { rounds, killed } = await killPlainBuilds(200);
    t.diagnostic(`${killed} of ${rounds} builds were killed before they ended`);
    assert.ok(killed > rounds / 3, 'most kills came too late to tell anything');
  },
);

test(
  'kill -9 while a dependency compiles or the app builds leaves nothing that the next build trips over',
  { skip: skipCompile },
  async (t) => {
    const { rounds, killed } = await killCompilingBuilds(24);
    t.diagnostic(`${killed} of ${rounds} builds were killed before they ended`);
    assert.ok(killed > rounds / 3, 'most kills came too late to tell anything');
  },
);
