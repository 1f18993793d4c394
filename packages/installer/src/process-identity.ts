// Who a process is, beyond its number: numbers are reused, so a lock that names only a pid can be held for
// ever by a stranger. Start time and boot id settle it. Where there is no /proc, only the pid is compared.
import { answersSignal, bootId, startTicksOf } from '@salver/core';

/** Identity of a process on this machine. Empty strings where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started. */
  readonly startTicks: string;
  readonly bootId: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid), bootId: bootId() };
}

/** False only when it is certain that the process is gone. */
export function mayBeAlive(identity: ProcessIdentity): boolean {
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return false;
  const boot = bootId();
  if (identity.bootId !== '' && boot !== '' && identity.bootId !== boot) return false;
  if (boot === '') return answersSignal(identity.pid);
  const startTicks = startTicksOf(identity.pid);
  return startTicks !== '' && (identity.startTicks === '' || startTicks === identity.startTicks);
}
