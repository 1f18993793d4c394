// Who a process is, beyond its number: numbers are reused, and a cache directory may be shared by containers
// and machines that cannot see each other's processes. Written into the names of temporary things and into locks.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { sha256Hex } from './digest.js';

/** Identity of a process. Empty strings where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started (`/proc/PID/stat`, field 22). */
  readonly startTicks: string;
  /** Changes with every boot of the machine. */
  readonly boot: string;
  /** Machine and process-id namespace: processes of another one cannot be judged from here. */
  readonly place: string;
}

/** `unknown`: it runs (or ran) on another machine or in another container. */
export type Liveness = 'alive' | 'gone' | 'unknown';

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    boot: bootDigits(),
    place: placeDigits(),
  };
  return own;
}

/** `gone` only when that is certain. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const here = ownIdentity();
  if (identity.place !== here.place) return 'unknown';
  if (identity.boot !== here.boot) return 'gone';
  if (here.startTicks === '') return answersSignal(identity.pid) ? 'alive' : 'gone';
  return startTicksOf(identity.pid) === identity.startTicks ? 'alive' : 'gone';
}

const IDENTITY_PATTERN = /^([1-9][0-9]{0,9})\.([0-9]*)\.([0-9a-f]*)\.([0-9a-f]{8})(?:\.|$)/;

/** `<pid>.<start>.<boot>.<place>`: fit for file names. */
export function formatIdentity(identity: ProcessIdentity): string {
  return `${identity.pid}.${identity.startTicks}.${identity.boot}.${identity.place}`;
}

/** Reads an identity from the beginning of `text`; undefined when there is none. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = IDENTITY_PATTERN.exec(text);
  if (match === null) return undefined;
  const [, pid, startTicks = '', boot = '', place = ''] = match;
  return { pid: Number(pid), startTicks, boot, place };
}

/** True when a process of this number exists, whoever owns it. */
export function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Changes with every boot of the machine; empty where the system does not tell. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

function bootDigits(): string {
  return bootId()
    .replace(/[^0-9a-f]/g, '')
    .slice(0, 12);
}

function placeDigits(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: the host name alone must do.
  }
  return sha256Hex(`${hostname()}\n${namespace}`).slice(0, 8);
}

/**
 * Clock ticks since boot at which a process started: field 22 of /proc/PID/stat. Empty when there is no such
 * process. The command in field 2 may hold anything, so count from its last `)`.
 */
export function startTicksOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
