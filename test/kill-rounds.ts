// One round: an update over a running release is killed at some instant, watched from outside; the next run must
// succeed without hand work.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OBSERVED_FILES } from './observe-current.js';
import type { Observation } from './observe-current.js';
import { diffTrees, listTree, runJson, startProgram } from './product-harness.js';
import type { InstallReport, ProgramResult, RunningProgram, Tree } from './product-harness.js';
import { assertNothingStaged } from './root-snapshot.js';
import type { SampleRelease, SampleReleases } from './sample-releases.js';
import { startWatching } from './watching-process.js';
import type { Watching } from './watching-process.js';

/** What all rounds need to know. */
export interface KillSetting {
  readonly directory: string;
  readonly releases: SampleReleases;
  /** Trees of both releases, as an undisturbed install leaves them. */
  readonly trees: ReadonlyMap<string, Tree>;
  /** Wall time of an undisturbed update in milliseconds. */
  readonly updateMs: number;
  readonly words: InstallWords;
}

/** What `install` is told to install a release. */
export type InstallWords = (release: SampleRelease) => readonly string[];

export interface KillCounts {
  rounds: number;
  killed: number;
  /** Kills after which the old release was still current. */
  stayed: number;
  looks: number;
}

const MEMORY = '/dev/shm';

/**
 * A fresh directory, in memory where that exists: an update syncs its whole file system, and would else mostly wait
 * for what other programs write. A process that is killed loses nothing that it wrote, so the disk does not matter.
 */
export function makeKillDirectory(): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'salver-product-'));
}

/** Installs both releases undisturbed, to learn how they look and how long an update takes. */
export async function prepareKills(
  directory: string,
  releases: SampleReleases,
  words: InstallWords = ({ artifact }) => [artifact],
): Promise<KillSetting> {
  const root = join(directory, 'undisturbed');
  const trees = new Map<string, Tree>();
  let updateMs = 0;
  for (const release of [releases.v1, releases.v2]) {
    const began = performance.now();
    await install(root, words(release));
    updateMs = performance.now() - began;
    trees.set(release.name, listTree(join(root, 'releases', release.name)));
  }
  return { directory, releases, trees, updateMs, words };
}

/** The last instants lie behind the end of an undisturbed update, because the machine may be slower then. */
const BEYOND = 1.1;

/** The other half of the rounds is killed this long, at most, after the new release has got its name. */
const COMMIT_WINDOW_MS = 8;

/** When a round is killed: so many milliseconds after the start, or after the release has appeared. */
interface Instant {
  readonly since: 'start' | 'release';
  readonly afterMs: number;
}

/** Rounds per kill at most: a program that is over before its instant has not been killed. */
const ROUNDS_PER_KILL_MAX = 5;

/**
 * Kills `kills` updates: half at instants spread over the whole update and a little beyond, half around
 * the switch of `current`, which takes only a few milliseconds of it.
 */
export async function killAtRandomInstants(setting: KillSetting, kills: number): Promise<KillCounts> {
  const counts: KillCounts = { rounds: 0, killed: 0, stayed: 0, looks: 0 };
  while (counts.killed < kills) {
    assert.ok(counts.rounds < kills * ROUNDS_PER_KILL_MAX, 'updates end before they can be killed');
    const instant: Instant =
      counts.rounds % 2 === 0
        ? { since: 'start', afterMs: Math.random() * setting.updateMs * BEYOND }
        : { since: 'release', afterMs: Math.random() * COMMIT_WINDOW_MS };
    await killRound(setting, join(setting.directory, `round-${counts.rounds}`), { instant, counts });
    counts.rounds += 1;
  }
  return counts;
}

async function killRound(
  setting: KillSetting,
  root: string,
  { instant, counts }: { readonly instant: Instant; readonly counts: KillCounts },
): Promise<void> {
  const { v1, v2 } = setting.releases;
  await install(root, setting.words(v1));
  const observer = await startObserver(setting, root);
  const running = startProgram('salver-host', ['install', ...setting.words(v2), '--root', root, '--json']);
  const { signal } = await killAt(running, instant, join(root, 'releases', v2.name));
  const what = `killed ${instant.afterMs.toFixed(1)} ms after the ${instant.since}`;
  const wasKilled = signal === 'SIGKILL';
  const stayed = assertCurrentIsWhole(setting, root, what) === v1.name;
  counts.killed += wasKilled ? 1 : 0;
  counts.stayed += wasKilled && stayed ? 1 : 0;

  await install(root, setting.words(v2));
  assert.equal(assertCurrentIsWhole(setting, root, `${what}, then installed`), v2.name);
  assertNothingStaged(root);
  const { looks, faults } = await observer.stop();
  assert.deepEqual(faults, [], what);
  counts.looks += looks;
  rmSync(root, { recursive: true });
}

/** Kills the program at the instant, unless it has ended by then. */
async function killAt(running: RunningProgram, instant: Instant, release: string): Promise<ProgramResult> {
  let hasEnded = false;
  void running.ended.then(() => (hasEnded = true));
  let began = performance.now();
  if (instant.since === 'release') {
    while (!hasEnded && !existsSync(release)) await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
  // A timer is too coarse for a window of milliseconds.
  while (!hasEnded && performance.now() - began < instant.afterMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!hasEnded) running.child.kill('SIGKILL');
  return running.ended;
}

function install(root: string, words: readonly string[]): Promise<InstallReport> {
  return runJson<InstallReport>('salver-host', ['install', ...words, '--root', root]);
}

/** Asserts that `current` leads to a release that is complete, byte for byte. Returns its name. */
function assertCurrentIsWhole(setting: KillSetting, root: string, what: string): string {
  const name = readlinkSync(join(root, 'current')).replace('releases/', '');
  const expected = setting.trees.get(name);
  assert.ok(expected !== undefined, `${what}: current is ${name}`);
  assert.deepEqual(diffTrees(listTree(join(root, 'releases', name)), expected), [], what);
  return name;
}

function startObserver(setting: KillSetting, root: string): Promise<Watching<Observation>> {
  const allowed = [setting.releases.v1, setting.releases.v2].map((release) => fingerprint(setting, release));
  return startWatching(join(import.meta.dirname, 'observe-current.js'), [root, ...allowed]);
}

function fingerprint(setting: KillSetting, release: SampleRelease): string {
  const top = join(setting.directory, 'undisturbed/releases', release.name);
  const digests = OBSERVED_FILES.map((file) => hash('sha256', readFileSync(join(top, file)), 'hex'));
  return [release.name, ...digests].join('=');
}
