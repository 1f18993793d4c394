// The note a lock holder leaves for others: five lines `key=value`, so that install.sh (a shell script)
// writes and reads the same form.
import { printable } from '@salver/core';
import { ownIdentity } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';

/** Who holds the lock, as far as the note tells. */
export interface LockHolder extends ProcessIdentity {
  /** ISO time at which the lock was taken. */
  readonly since: string;
  /** What the holder is doing, e.g. `install`. */
  readonly action: string;
}

/** The note this process leaves. */
export function formatLockHolder(action: string): string {
  const { pid, startTicks, bootId } = ownIdentity();
  const since = new Date().toISOString();
  return `pid=${pid}\nstart=${startTicks}\nboot=${bootId}\nsince=${since}\naction=${action}\n`;
}

/** Reads a note; undefined when it is empty or not one. */
export function parseLockHolder(text: string): LockHolder | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const split = line.indexOf('=');
    if (split > 0) values.set(line.slice(0, split), line.slice(split + 1));
  }
  const pid = Number(values.get('pid'));
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    startTicks: values.get('start') ?? '',
    bootId: values.get('boot') ?? '',
    since: printable(values.get('since') ?? ''),
    action: printable(values.get('action') ?? ''),
  };
}
