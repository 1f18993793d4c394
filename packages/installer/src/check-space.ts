// P2, the part about room: refusing beforehand is kinder than stopping half way.
import { statfsSync } from 'node:fs';
import { SalverError } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import type { HostPaths } from './host-paths.js';

/** What an installation will add to the disk. */
export interface SpaceNeeded {
  readonly bytes: number;
  readonly inodes: number;
}

const MIB = 1024 * 1024;
/** Room left to others: a twentieth of the file system, but no more than this. */
const RESERVE_BYTES_MAX = 64 * MIB;
const RESERVE_SHARE = 0.05;
const RESERVE_INODES_MAX = 1_000;

/** Throws E_NO_SPACE, naming what is missing. File systems that do not count inodes are not asked for them. */
export function checkSpace(paths: HostPaths, needed: SpaceNeeded): void {
  const system = withFileErrors(`cannot ask for free space of ${paths.root}`, () => statfsSync(paths.root));
  const totalBytes = system.blocks * system.bsize;
  const freeBytes = system.bavail * system.bsize;
  const reserve = Math.min(RESERVE_BYTES_MAX, totalBytes * RESERVE_SHARE);
  // Each file wastes half a block on average.
  const neededBytes = Math.ceil(needed.bytes + (needed.inodes * system.bsize) / 2 + reserve);
  if (freeBytes < neededBytes) {
    throw noSpace(paths, `${mib(freeBytes)} MiB free, ${mib(neededBytes)} MiB needed`, 'free some space');
  }
  const neededInodes = needed.inodes + Math.min(RESERVE_INODES_MAX, Math.floor(system.files * RESERVE_SHARE));
  if (system.files > 0 && system.ffree < neededInodes) {
    throw noSpace(paths, `${system.ffree} inodes free, ${neededInodes} needed`, 'remove files (`df -i`)');
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / MIB);
}

function noSpace(paths: HostPaths, what: string, remedy: string): SalverError {
  return new SalverError('E_NO_SPACE', `not enough room for the release in ${paths.root}: ${what}`, {
    hint: `${remedy} and install again; nothing was changed`,
  });
}
