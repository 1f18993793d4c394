// An update on a disk with a certain room left, whatever comes of it; a way back with that room, and with none at
// all; and the update again once there is room.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramResult } from '../product-harness.js';
import { printedError } from '../refusal.js';
import { cloneRoot } from './clone-root.js';
import type { FaultReleases } from './fault-releases.js';
import { judgeEnd, judgeFault } from './fault-oracle.js';
import type { Expectation } from './fault-oracle.js';
import type { FullDisk } from './full-disk.js';
import { HOST_BUNDLE, patchBundle, runHost } from './host-program.js';
import { viewRoot } from './root-view.js';
import type { RootView } from './root-view.js';

export interface DiskBench {
  readonly disk: FullDisk;
  readonly releases: FaultReleases;
  /** A root on the disk in which `a` runs. */
  readonly template: string;
  readonly before: RootView;
  /** What an update takes, measured. */
  readonly needed: { readonly bytes: number; readonly inodes: number };
}

/** What may be scarce. */
export type Resource = 'bytes' | 'inodes';

export async function prepareDisk(disk: FullDisk, releases: FaultReleases): Promise<DiskBench> {
  const template = join(disk.path, 'template');
  for (const key of ['before', 'a'] as const) {
    await mustRun(HOST_BUNDLE, template, ['install', releases[key].artifact]);
  }
  const before = viewRoot(template);
  const root = join(disk.path, 'measured');
  cloneRoot(template, root);
  const [bytes, inodes] = [disk.freeBytes, disk.freeInodes];
  await mustRun(HOST_BUNDLE, root, ['install', releases.b.artifact]);
  const needed = { bytes: bytes - disk.freeBytes, inodes: inodes - disk.freeInodes };
  rmSync(root, { recursive: true });
  return { disk, releases, template, before, needed };
}

/** A program that does not look at the room beforehand: as if somebody else took it a moment later. */
export function withoutPreflight(directory: string): string {
  return patchBundle(join(directory, 'no-preflight.mjs'), [
    { find: /function checkSpace\(paths,needed\)\{/, replace: 'function checkSpace(paths,needed){return;' },
  ]);
}

/** How an update with too little room must end. */
const FULL_CODES = ['E_NO_SPACE', 'E_DISK_FULL'];

export interface Scarcity {
  readonly resource: Resource;
  readonly room: number;
  /** The program that updates. */
  readonly bundle: string;
}

export interface ScarceOutcome {
  readonly installed: boolean;
  readonly findings: readonly string[];
}

export async function updateWithRoom(bench: DiskBench, scarcity: Scarcity): Promise<ScarceOutcome> {
  const { disk, template, releases } = bench;
  const { bundle } = scarcity;
  const root = join(disk.path, 'root');
  cloneRoot(template, root);
  const findings: string[] = [];
  try {
    fill(disk, scarcity.resource, scarcity.room);
    const result = await run(bundle, root, ['install', releases.b.artifact]);
    const after = viewRoot(root);
    findings.push(...judgeFault(expectation(bench, after), bench.before, after, result));
    findings.push(...judgeRefusal(result));
    findings.push(...(await goBack(bench, root, 'with that room')));
    disk.clear();
    fill(disk, scarcity.resource, 0);
    findings.push(...(await goBack(bench, root, 'with no room at all')));
    disk.clear();
    findings.push(...(await updateAgain(bench, root)));
    return { installed: result.status === 0, findings };
  } finally {
    disk.clear();
    rmSync(root, { recursive: true });
  }
}

function fill(disk: FullDisk, resource: Resource, room: number): void {
  if (resource === 'bytes') disk.fillBytes(room);
  else disk.fillInodes(room);
}

function judgeRefusal(result: ProgramResult): readonly string[] {
  if (result.status === 0) return [];
  const { code, message } = printedError(result);
  return FULL_CODES.includes(code) ? [] : [`M3 a full disk is called ${code}: ${message}`];
}

/** A rollback takes the other of the two releases that ran last. */
async function goBack({ releases }: DiskBench, root: string, how: string): Promise<readonly string[]> {
  const { current, previous } = viewRoot(root);
  const result = await run(HOST_BUNDLE, root, ['rollback']);
  const after = viewRoot(root);
  if (result.status !== 0) return [`R1 no rollback ${how}: ${result.stderr.slice(0, 400)}`];
  const known = Object.values(releases).map(({ name }) => `releases/${name}`);
  const isAway = after.current !== current && known.includes(after.current ?? '');
  // Without `previous` the marks tell which release ran before.
  if (isAway && (previous === null || after.current === previous)) return [];
  return [`R2 rolled back ${how} from ${current} to ${after.current}, previous was ${previous}`];
}

async function updateAgain(bench: DiskBench, root: string): Promise<readonly string[]> {
  const result = await run(HOST_BUNDLE, root, ['install', bench.releases.b.artifact]);
  const settled = viewRoot(root);
  // What the rollbacks have made of `previous` depends on what had room.
  const wanted = { ...expectation(bench, settled), end: bench.releases.b.name };
  const previous = settled.previous?.replace('releases/', '') ?? null;
  const isNoop = result.stdout.includes('"changed":false');
  const findings = judgeEnd(
    { ...wanted, endPrevious: previous },
    bench.before,
    settled,
    result,
    isNoop ? 'bounded' : 'none',
  );
  await mustRun(HOST_BUNDLE, root, ['activate', bench.releases.b.name]);
  const recovered = viewRoot(root);
  return [...findings, ...judgeEnd({ ...wanted, endPrevious: previous }, bench.before, recovered, result)];
}

function expectation({ releases }: DiskBench, view: RootView): Expectation {
  return {
    from: releases.a.name,
    to: releases.b.name,
    end: releases.b.name,
    endPrevious: view.previous?.replace('releases/', '') ?? null,
    status: 0,
    installed: [releases.before.name, releases.a.name, releases.b.name],
    checksEnd: false,
    trees: new Map(Object.values(releases).map(({ name, tree }) => [name, tree])),
  };
}

function run(bundle: string, root: string, args: readonly string[]): Promise<ProgramResult> {
  return runHost(bundle, [...args, '--root', root, '--json']);
}

async function mustRun(bundle: string, root: string, args: readonly string[]): Promise<void> {
  const result = await run(bundle, root, args);
  assert.equal(result.status, 0, result.stderr);
}
