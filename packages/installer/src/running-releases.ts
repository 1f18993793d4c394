// Which processes run which release, as /proc tells: by working directory, program, command line; when it decides
// about removal also by mapped files and open files. Processes of other users may hide some of it from anybody but
// root; their command lines are always readable, and name the release when `run` or `serve` has started them.
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import type { HostPaths } from './host-paths.js';

/** Release name -> numbers of the processes that use it. */
export type RunningReleases = ReadonlyMap<string, readonly number[]>;

/** Scans /proc; empty where there is none. `thorough` looks at mapped and open files as well. */
export function findRunning(paths: HostPaths, thorough: boolean): RunningReleases {
  const prefix = `${resolved(paths.releases)}/`;
  const running = new Map<string, number[]>();
  for (const pid of processIds()) {
    for (const release of releasesOf(pid, prefix, thorough)) {
      running.set(release, [...(running.get(release) ?? []), pid]);
    }
  }
  return running;
}

/** /proc shows paths with all links resolved. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function processIds(): readonly number[] {
  return list('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function releasesOf(pid: number, prefix: string, thorough: boolean): ReadonlySet<string> {
  const directory = `/proc/${pid}`;
  const found = new Set<string>();
  const look = (text: string): void => collect(text, prefix, found);
  look(link(`${directory}/cwd`));
  look(link(`${directory}/exe`));
  look(read(`${directory}/cmdline`));
  if (!thorough) return found;
  look(read(`${directory}/maps`));
  for (const fd of list(`${directory}/fd`)) look(link(`${directory}/fd/${fd}`));
  return found;
}

/** Names behind each occurrence of the prefix. */
function collect(text: string, prefix: string, found: Set<string>): void {
  for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, at + 1)) {
    const name = /^[^/\s\0]+/.exec(text.slice(at + prefix.length, at + prefix.length + 256))?.[0];
    if (name !== undefined) found.add(name);
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
