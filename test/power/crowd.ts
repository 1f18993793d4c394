// Many programs on one root at once, watched from outside: each ends well or says that another holds the lock, their
// acts form one line in the history, and `current` never misses.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramResult } from '../product-harness.js';
import { printedError } from '../refusal.js';
import { startWatching } from '../watching-process.js';
import { HOST_PROGRAM, runHost, startHost } from './host-program.js';
import { judgeLeftovers, judgeRoot } from './oracle.js';
import { makePowerReleases } from './power-releases.js';
import type { PowerRelease, PowerReleases } from './power-releases.js';
import { WATCHER } from './watch-current.js';
import type { Watched } from './watch-current.js';

export interface Crowd {
  readonly program: string;
  readonly root: string;
  readonly releases: PowerReleases;
}

export interface CrowdCounts {
  readonly processes: number;
  readonly succeeded: number;
  readonly locked: number;
  /** Refused for a reason of their own: the release they named had been removed, or there was nothing to go back to. */
  readonly refused: number;
  readonly acts: number;
  readonly watched: Watched;
}

/** Each switch takes its turn here, long enough to be interrupted by another if two could hold the lock. */
const RELOAD =
  'echo "begin $SALVER_TXID" >> "$SALVER_ROOT/turns"; sleep 0.01; echo "end $SALVER_TXID" >> "$SALVER_ROOT/turns"';

/** A root with three releases. */
export async function gatherCrowd(directory: string, program = HOST_PROGRAM): Promise<Crowd> {
  const releases = await makePowerReleases(directory, { reload: RELOAD });
  const root = join(directory, 'root');
  for (const { artifact } of ofCrowd(releases)) await runHost(HOST_PROGRAM, root, ['install', artifact]);
  return { program, root, releases };
}

function ofCrowd({ old, next, last }: PowerReleases): readonly PowerRelease[] {
  return [old, next, last];
}

/** Half of them wait for the lock, so that many get their turn. */
const WAIT = ['--wait', '300s'];

function errand({ releases }: Crowd, index: number): readonly string[] {
  const { old, next, last } = releases;
  const errands = [
    ['install', old.artifact],
    ['activate', next.name],
    ['rollback'],
    ['install', last.artifact],
    ['prune', '--keep', '1'],
    ['activate', old.name],
    ['rollback'],
    ['install', next.artifact],
    ['activate', last.name],
  ];
  return [...(errands[index % errands.length] ?? []), ...(index % 2 === 0 ? WAIT : [])];
}

/** Lets `size` programs loose at once, `rounds` times over, and judges what they did. */
export async function letLoose(crowd: Crowd, size: number, rounds: number): Promise<CrowdCounts> {
  const { root, program } = crowd;
  const watcher = await startWatching<Watched>(WATCHER, [root]);
  const results: ProgramResult[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const errands = Array.from({ length: size }, (_, index) => errand(crowd, index + round));
    results.push(...(await Promise.all(errands.map((args) => startHost(program, root, args).ended))));
  }
  const watched = await watcher.stop();
  assert.deepEqual(watched.faults, [], 'what the watcher saw');
  const ends = results.map(endOf);
  const acts = assertOneLine(root);
  assertTurns(root);
  await assertClean(crowd);
  const number = (end: string): number => ends.filter((each) => each === end).length;
  const [succeeded, locked, refused] = [number('succeeded'), number('locked'), number('refused')];
  return { processes: results.length, succeeded, locked, refused, acts, watched };
}

function endOf(result: ProgramResult): 'succeeded' | 'locked' | 'refused' {
  if (result.status === 0) return 'succeeded';
  const { code, message } = printedError(result);
  if (code === 'E_LOCK_HELD') return 'locked';
  assert.ok(code === 'E_RELEASE_NOT_FOUND' || code === 'E_NO_PREVIOUS', `${code}: ${message}`);
  return 'refused';
}

interface Line {
  readonly number: number;
  readonly prev: string;
  readonly act: string;
  readonly result: string;
  readonly release?: string;
  readonly from?: string | null;
}

/** The history is one chain, and each act begins where the one before has ended. Returns the number of acts. */
function assertOneLine(root: string): number {
  let [prev, number] = ['0'.repeat(64), 0];
  let current: string | null = null;
  for (const text of readFileSync(join(root, '.salver/history.jsonl'), 'utf8').trimEnd().split('\n')) {
    const line = JSON.parse(text) as Line;
    assert.equal(line.prev, prev, `line ${line.number} fits the one before`);
    assert.equal(line.number, number + 1);
    if (line.from !== undefined && line.act !== 'prune') {
      assert.equal(line.from, current, `line ${line.number} begins where the one before has ended`);
      if (line.result === 'ok') current = line.release ?? null;
    }
    prev = hash('sha256', text, 'hex');
    number = line.number;
  }
  return number;
}

/** No turn begins before the one before has ended. */
function assertTurns(root: string): void {
  const turns = readFileSync(join(root, 'turns'), 'utf8').trimEnd().split('\n');
  for (let index = 0; index < turns.length; index += 2) {
    assert.equal(turns[index + 1], turns[index]?.replace('begin', 'end'), `turn ${index / 2}`);
  }
}

async function assertClean({ root, releases }: Crowd): Promise<void> {
  const known = ofCrowd(releases);
  assert.deepEqual(judgeRoot(root, { current: known, known, acknowledged: true }), []);
  assert.deepEqual(judgeLeftovers(root), []);
  // Anybody can take the lock now.
  await runHost(HOST_PROGRAM, root, ['install', releases.next.artifact]);
}

/** One line for the report of a test. */
export function describeCrowd({ processes, succeeded, locked, refused, acts, watched }: CrowdCounts): string {
  const { looks, changes, overtaken, wallMs } = watched;
  return (
    `${processes} processes: ${succeeded} succeeded, ${locked} found the lock held, ${refused} refused otherwise; ` +
    `${acts} acts in one chain; ${looks} looks at current in ${wallMs} ms, ${changes} changes seen, ` +
    `0 missing, 0 mixed, ${overtaken} overtaken`
  );
}
