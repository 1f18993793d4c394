// The largest lockfile (three thousand packages) and the one with most to compile, beside what `npm ci --omit=dev` leaves of them.
import { after, test } from 'node:test';
import { SLOW_CASES, compareWithNpm, downloads } from './compare-with-npm.js';
import { compilerProblem, readLockCases, registryProblem } from './fixture-apps.js';

const skip = (await registryProblem()) ?? (await compilerProblem()) ?? false;
after(() => downloads.remove());

for (const each of readLockCases().filter(({ name }) => SLOW_CASES.includes(name))) {
  test(`${each.name}: node_modules is what npm ci leaves`, { skip }, () => compareWithNpm(each));
}
