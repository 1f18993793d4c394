// kill -9 at random instants of an update: the next run succeeds and `current` is never broken.
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { killAtRandomInstants, makeKillDirectory, prepareKills } from './kill-rounds.js';
import { buildSampleReleases } from './sample-releases.js';

const ROUNDS = 200;

test(`an update killed at ${ROUNDS} random instants never breaks current, and the next run succeeds`, async (t) => {
  const directory = makeKillDirectory();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const setting = await prepareKills(directory, await buildSampleReleases(directory));
  const { killed, stayed, looks } = await killAtRandomInstants(setting, ROUNDS);
  t.diagnostic(
    `${killed} of ${ROUNDS} killed, the old release stayed in ${stayed}, ${looks} looks from outside`,
  );
});
