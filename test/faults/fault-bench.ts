// What all fault runs of one test share: a directory in memory, the releases, the program under test.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFaultReleases } from './fault-releases.js';
import type { FaultReleases, ReleaseSize } from './fault-releases.js';
import { HOST_BUNDLE, knowsCommand } from './host-program.js';

export interface FaultBench {
  readonly directory: string;
  readonly releases: FaultReleases;
  /** The program that suffers the fault. */
  readonly bundle: string;
  /** Commands that not every version of the program has. */
  readonly commands: ReadonlySet<string>;
}

const MEMORY = '/dev/shm';
const OPTIONAL_COMMANDS = ['recover', 'prune'];

/**
 * In memory where that exists: what a process wrote survives its death on any file system, and an update syncs the
 * whole one it is on. Call `remove` afterwards.
 */
export async function makeFaultBench(size: ReleaseSize = {}): Promise<FaultBench & { remove(): void }> {
  const directory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'salver-faults-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const releases = await makeFaultReleases(directory, size);
    const known = await Promise.all(OPTIONAL_COMMANDS.map((name) => knowsCommand(HOST_BUNDLE, name)));
    const commands = new Set(OPTIONAL_COMMANDS.filter((_, index) => known[index]));
    return { directory, releases, bundle: HOST_BUNDLE, commands, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
