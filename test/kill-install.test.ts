// kill -9 at random instants of an update: the next run succeeds and `current` is never broken.
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { killAtRandomInstants, makeKillDirectory, prepareKills } from './kill-rounds.js';
import { buildSampleReleases } from './sample-releases.js';

const KILLS = 20;

test(`${KILLS} updates killed at random instants never break current, and the next run succeeds`, async (t) => {
  const directory = makeKillDirectory();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const setting = await prepareKills(directory, await buildSampleReleases(directory));
  const { rounds, stayed, looks } = await killAtRandomInstants(setting, KILLS);
  t.diagnostic(`${KILLS} kills in ${rounds} rounds, ${stayed} left the old release current, ${looks} looks`);
});
