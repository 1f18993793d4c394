import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryProblem } from './fixture-apps.js';
import { killPlainBuilds } from './kill-build.js';

const skip = (await registryProblem()) ?? false;

test(
  'after kill -9 at 8 random instants the next build is right and the cache sound',
  { skip },
  async (t) => {
    const { rounds, killed } = await killPlainBuilds(8);
    t.diagnostic(`${killed} of ${rounds} builds were killed before they ended`);
    assert.ok(killed > rounds / 3, 'most kills came too late to tell anything');
  },
);
