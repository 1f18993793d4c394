// serve.json: which processes a supervisor has started. A supervisor that is killed cannot end them; the next
// one reads here whom it finds still running.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { startTicksOf } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { mayBeAlive, ownIdentity } from '../process-identity.js';
import type { ProcessIdentity } from '../process-identity.js';
import { groupMembers } from './command-processes.js';

/** A process that was started for a release, leader of its group. */
export interface RecordedProcess extends ProcessIdentity {
  readonly release: string;
}

export interface ServeRecord {
  readonly schemaVersion: 1;
  readonly supervisor: ProcessIdentity;
  /** Where it listens. */
  readonly listen: string;
  readonly processes: readonly RecordedProcess[];
}

/**
 * Replaces the record. Not synced: after a power cut none of the processes exists any more. Throws the system's
 * error.
 */
export function writeServeRecord(
  paths: HostPaths,
  listen: string,
  processes: readonly RecordedProcess[],
): void {
  const record: ServeRecord = { schemaVersion: 1, supervisor: ownIdentity(), listen, processes };
  const unfinished = `${paths.serveRecord}.unfinished`;
  writeFileSync(unfinished, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
  renameSync(unfinished, paths.serveRecord);
}

export function removeServeRecord(paths: HostPaths): void {
  rmSync(paths.serveRecord, { force: true });
}

/** The record of the last supervisor, or undefined when there is none that can be read. */
export function readServeRecord(paths: HostPaths): ServeRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(paths.serveRecord, 'utf8')) as Partial<ServeRecord>;
    return record.schemaVersion === 1 && Array.isArray(record.processes)
      ? (record as ServeRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Processes of a supervisor that is gone, of which something still runs. A leader that ended may have left its
 * group behind: its number is not given to another process as long as the group exists.
 */
export function findOrphans(paths: HostPaths): readonly RecordedProcess[] {
  const recorded = readServeRecord(paths)?.processes ?? [];
  return recorded.filter((each) => {
    if (!Number.isSafeInteger(each.pid) || each.pid <= 1) return false;
    if (startTicksOf(each.pid) !== '') return mayBeAlive(each);
    return each.bootId === ownIdentity().bootId && groupMembers(each.pid).length > 0;
  });
}
