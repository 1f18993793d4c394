// Cycle after cycle of installs, activations, rollbacks and prunes, half of them killed at random instants. Every run that
// is not killed must succeed, and in the end nothing is left: no file, no block, no process, no lock.
import assert from 'node:assert/strict';
import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnd } from '../product-harness.js';
import type { ProgramResult } from '../product-harness.js';
import { HOST_PROGRAM, runHost, startHost } from './host-program.js';
import { judgeLeftovers, judgeRoot } from './oracle.js';
import { makePowerReleases } from './power-releases.js';
import type { PowerReleases } from './power-releases.js';

export interface SoakCounts {
  readonly cycles: number;
  readonly killed: number;
  readonly before: Footprint;
  readonly after: Footprint;
  /** The history grows by design: it is left out of the footprint. */
  readonly historyBytes: number;
}

/** What a root takes up. */
export interface Footprint {
  readonly inodes: number;
  readonly blocks: number;
  readonly paths: readonly string[];
}

const KILLED_SHARE = 0.5;
/** Kills are spread over this multiple of a run's usual time. */
const BEYOND = 1.1;

export async function soak(directory: string, cycles: number, program = HOST_PROGRAM): Promise<SoakCounts> {
  const releases = await makePowerReleases(directory);
  const root = join(directory, 'root');
  const usualMs = await settle(program, root, releases);
  const before = footprint(root);
  let killed = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    if (await runCycle({ program, root, releases, cycle, usualMs })) killed += 1;
  }
  await settle(program, root, releases);
  assert.deepEqual(processesOf(root), [], 'processes that still run');
  return { cycles, killed, before, after: footprint(root), historyBytes: statSync(historyOf(root)).size };
}

/** Brings the root into one and the same state. Returns how long one run took. */
async function settle(program: string, root: string, { old, next }: PowerReleases): Promise<number> {
  await runHost(program, root, ['install', old.artifact]);
  const began = performance.now();
  await runHost(program, root, ['install', next.artifact]);
  const usualMs = performance.now() - began;
  await runHost(program, root, ['activate', old.name]);
  await runHost(program, root, ['activate', next.name]);
  await runHost(program, root, ['recover']);
  await runHost(program, root, ['prune', '--keep', '1']);
  return usualMs;
}

interface Cycle {
  readonly program: string;
  readonly root: string;
  readonly releases: PowerReleases;
  readonly cycle: number;
  readonly usualMs: number;
}

/** One run, killed or not; a killed one is followed by one that must succeed. Returns whether it was killed. */
async function runCycle({ program, root, releases, cycle, usualMs }: Cycle): Promise<boolean> {
  const { old, next, last } = releases;
  const errands = [
    ['install', last.artifact],
    ['rollback'],
    ['install', old.artifact],
    ['install', next.artifact],
    ['rollback'],
    ['prune', '--keep', '1'],
  ];
  const args = errands[cycle % errands.length] ?? [];
  const { child, ended } = startHost(program, root, args);
  const timer =
    Math.random() < KILLED_SHARE
      ? setTimeout(() => child.kill('SIGKILL'), Math.random() * usualMs * BEYOND)
      : undefined;
  const result = await ended;
  clearTimeout(timer);
  if (result.signal !== 'SIGKILL') {
    assertSucceeded(result, `cycle ${cycle}: ${args.join(' ')}`);
    return false;
  }
  await runHost(program, root, ['recover', '--wait', '60s']);
  const known = [old, next, last];
  assert.deepEqual(judgeRoot(root, { current: known, known, acknowledged: true }), [], `cycle ${cycle}`);
  assert.deepEqual(judgeLeftovers(root), [], `cycle ${cycle}`);
  return true;
}

function assertSucceeded(result: ProgramResult, what: string): void {
  assert.equal(result.status, 0, `${what}: ${describeEnd(result)}`);
}

/** Everything below the root but the history. */
function footprint(root: string): Footprint {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => join(root, path) !== historyOf(root))
    .sort();
  const stats = paths.map((path) => lstatSync(join(root, path)));
  const inodes = new Map(stats.map((stat) => [stat.ino, stat.blocks]));
  return { inodes: inodes.size, blocks: [...inodes.values()].reduce((sum, each) => sum + each, 0), paths };
}

function historyOf(root: string): string {
  return join(root, '.salver/history.jsonl');
}

/** Processes, other than this one, that name the root. */
function processesOf(root: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(root) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

/** One line for the report of a test. */
export function describeSoak({ cycles, killed, before, after, historyBytes }: SoakCounts): string {
  return (
    `${cycles} cycles, ${killed} killed, all others succeeded; inodes ${before.inodes} -> ${after.inodes}, ` +
    `blocks ${before.blocks} -> ${after.blocks}, history ${historyBytes} bytes, 0 processes left`
  );
}
