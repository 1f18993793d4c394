// Kills `salver build` at random instants, again and again, and checks what each next build finds and makes.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assertCacheSound, assertNothingTemporary } from './cache-state.js';
import { copyLockCase, copyNotes, fillDownloadCache, openDownloadCache } from './fixture-apps.js';
import { buildApp, describeEnd, startProgram, withTempDir } from './product-harness.js';
import type { BuildReport } from './product-harness.js';

/** Every third round begins with an empty cache; the others go on with what the kills before have left. */
const ROUNDS_PER_CACHE = 3;

/** Where one round builds. */
interface Round {
  readonly app: string;
  readonly output: string;
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How many of the rounds killed a build that was still running. */
export interface KillCount {
  readonly rounds: number;
  readonly killed: number;
}

/** Kills builds of an app of about a hundred packages, nothing of which runs or is compiled. */
export function killPlainBuilds(rounds: number): Promise<KillCount> {
  return killBuilds(rounds, (app) => copyLockCase('medium', app));
}

/** Kills builds that compile a dependency and run the app's own build: their children live on for a while. */
export function killCompilingBuilds(rounds: number): Promise<KillCount> {
  return killBuilds(rounds, copyNotes);
}

async function killBuilds(rounds: number, writeApp: (directory: string) => void): Promise<KillCount> {
  const downloads = openDownloadCache();
  try {
    return await withTempDir(async (directory) => {
      const app = join(directory, 'app');
      writeApp(app);
      await fillDownloadCache(app, downloads);
      let killed = 0;
      for (let index = 0; index < rounds; index += 1) {
        const cacheDir = join(directory, `cache-${Math.floor(index / ROUNDS_PER_CACHE)}`);
        const output = join(directory, `out-${index}`);
        const round = { app, output, cacheDir, env: { ...downloads.env, SALVER_CACHE: cacheDir } };
        if (await killOnce(round, index, join(directory, 'reference'))) killed += 1;
      }
      return { rounds, killed };
    });
  } finally {
    downloads.remove();
  }
}

/** One round: a kill, then a build that must be right. True when the kill hit a running build. */
async function killOnce(round: Round, index: number, referenceDir: string): Promise<boolean> {
  writeFileSync(join(round.app, 'changed.js'), `console.log(${index});\n`);
  // The reference is built apart from the killed ones: it says which id is right and how long a build takes.
  const cacheDir =
    index % ROUNDS_PER_CACHE === 0 ? join(referenceDir, `cache-${index}`) : join(referenceDir, 'cache');
  const began = performance.now();
  const reference = await buildApp(round.app, join(referenceDir, `out-${index}`), {
    env: { ...round.env, SALVER_CACHE: cacheDir },
  });
  const killed = await killAfter(round, Math.random() * (performance.now() - began));
  await assertNextBuild(round, reference);
  return killed;
}

/** Starts a build and kills it after `delayMs`. False when it had ended by then. */
async function killAfter(round: Round, delayMs: number): Promise<boolean> {
  const { child, ended } = startProgram('salver', ['build', round.app, '--output', round.output], {
    env: round.env,
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
  const end = await ended;
  clearTimeout(timer);
  assert.ok(end.signal === 'SIGKILL' || end.status === 0, describeEnd(end));
  return end.signal === 'SIGKILL';
}

async function assertNextBuild(round: Round, reference: BuildReport): Promise<void> {
  const report = await buildApp(round.app, round.output, { env: round.env });
  assert.equal(report.id, reference.id);
  assertNothingTemporary(round.cacheDir);
  await assertCacheSound(round.cacheDir);
  // The artifact and what stands beside it under its name; nothing half-written under any other.
  const name = basename(report.artifact);
  assert.deepEqual(
    readdirSync(round.output).filter((each) => !each.startsWith(name)),
    [],
  );
}
