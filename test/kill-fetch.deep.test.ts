// kill -9 at random instants of an update that follows a channel and fetches from a server: the next run succeeds, goes on
// with what was downloaded, and leaves nothing behind. `npm run test:deep -- kill-fetch`
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeArtifact, noise, startHttpDouble } from '@salver/testing';
import { killAtRandomInstants, makeKillDirectory, prepareKills } from './kill-rounds.js';
import { OBSERVED_FILES } from './observe-current.js';
import { runJson } from './product-harness.js';
import type { SampleRelease } from './sample-releases.js';

const KILLS = 120;
const PACKAGES = 12;

async function makeRelease(directory: string, version: number): Promise<SampleRelease> {
  const changing = (index: number): number => index + (index % 3 === 0 ? version * 100 : 0);
  const packages = Array.from({ length: PACKAGES }, (_, index) => {
    return [`node_modules/n${index}/index.js`, noise(150_000, changing(index))] as const;
  });
  const observed = OBSERVED_FILES.map((path) => [path, `${path} ${version}\n`] as const);
  const unitPaths = packages.map(([path]) => path.replace('/index.js', ''));
  const options = { name: 'sample', version: `${version}.0.0`, unitPaths };
  const files = Object.fromEntries<Buffer | string>([...packages, ...observed]);
  const { bytes, id } = await makeArtifact(files, options);
  const artifact = join(directory, `${version}.tar.gz`);
  writeFileSync(artifact, bytes);
  return { artifact, id, name: `${version}.0.0-${id.slice(0, 12)}` };
}

test(`${KILLS} updates from a store, killed at random instants`, async (t) => {
  const directory = makeKillDirectory();
  const store = join(directory, 'store');
  mkdirSync(store);
  const http = await startHttpDouble({ directory: store });
  t.after(async () => {
    await http.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const releases = { v1: await makeRelease(directory, 1), v2: await makeRelease(directory, 2) };
  for (const { artifact } of [releases.v1, releases.v2])
    await runJson('salver', ['push', artifact, '--store', store]);
  await runJson('salver', ['promote', 'sample@2.0.0', 'production', '--store', store]);
  const setting = await prepareKills(directory, releases, ({ id }) => [
    id === releases.v1.id ? 'sample@1.0.0' : 'sample@production',
    '--store',
    http.url,
  ]);
  const { rounds, stayed, looks } = await killAtRandomInstants(setting, KILLS);
  t.diagnostic(`${KILLS} kills in ${rounds} rounds, ${stayed} left the old release current, ${looks} looks`);
});
