// The largest lockfile: three thousand packages, beside what `npm ci --omit=dev` leaves of it.
import { after, test } from 'node:test';
import { compareWithNpm, downloads } from './compare-with-npm.js';
import { compilerProblem, readLockCases, registryProblem } from './fixture-apps.js';

const skip = (await registryProblem()) ?? (await compilerProblem()) ?? false;
after(() => downloads.remove());

for (const each of readLockCases().filter(({ name }) => name === 'large')) {
  test(`${each.name}: node_modules is what npm ci leaves`, { skip }, () => compareWithNpm(each));
}
