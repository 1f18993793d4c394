// The processes of one started command: its group, and its session in case it makes groups of its own.
import { readFileSync, readdirSync } from 'node:fs';
import { socketInode } from './socket-facts.js';

/** Live processes of the group or session that `leader` began, the leader included. Zombies do not count. */
export function groupMembers(leader: number): readonly number[] {
  return processIds().filter((pid) => {
    const { state, group, session } = processFacts(pid);
    return (group === leader || session === leader) && state !== 'Z' && state !== 'X';
  });
}

/** Sends a signal to each; those that are gone or not ours are passed over. */
export function signalEach(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone meanwhile, or it has become another user: nothing that could be done about it here.
    }
  }
}

/** True when the process waits for connections of this socket with epoll: it has begun to serve. */
export function pollsSocket(pid: number, inode: string): boolean {
  const wanted = new RegExp(`^tfd:.* ino:${Number(inode).toString(16)} `, 'm');
  return readNames(`/proc/${pid}/fdinfo`).some((fd) => wanted.test(readText(`/proc/${pid}/fdinfo/${fd}`)));
}

/** Inodes of the sockets a process holds. */
export function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = readNames(`/proc/${pid}/fd`).map((fd) => socketInode(`/proc/${pid}/fd/${fd}`));
  return new Set(inodes.filter((inode) => inode !== undefined));
}

interface ProcessFacts {
  readonly state: string;
  readonly group: number;
  readonly session: number;
}

/** Fields 3, 5 and 6 of /proc/PID/stat. The command in field 2 may hold anything, so count from its last `)`. */
function processFacts(pid: number): ProcessFacts {
  const stat = readText(`/proc/${pid}/stat`);
  const [state = 'X', , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: stat === '' ? 'X' : state, group: Number(group), session: Number(session) };
}

function processIds(): readonly number[] {
  return readNames('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
