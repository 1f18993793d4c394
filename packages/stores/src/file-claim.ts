// One writer at a time for one file of a share: whoever creates the claim beside it. The kernel's own locks do not reach
// across the hosts of many shares; exclusive creation does.
import { open, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SalverError, errnoOf, printable } from '@salver/core';
import { claimName } from './file-temporary.js';

/** Work under a claim takes milliseconds. */
const WAIT_MS = 20_000;
const POLL_MS = 20;

/**
 * Runs `work` while this process alone has the claim on `path`. A claim that a killed writer has left is not removed by
 * itself: two that both think so could both go on. Throws E_LOCK_HELD after a while, naming the file.
 */
export async function withClaim<T>(path: string, work: () => Promise<T>): Promise<T> {
  const claim = join(dirname(path), claimName(basename(path)));
  await take(claim);
  try {
    return await work();
  } finally {
    await rm(claim, { force: true });
  }
}

async function take(claim: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      const file = await open(claim, 'wx', 0o644);
      await file.writeFile(`${hostname()} ${process.pid}\n`).finally(() => file.close());
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    if (performance.now() > deadline) throw await held(claim);
    await delay(POLL_MS);
  }
}

async function held(claim: string): Promise<SalverError> {
  const since = await stat(claim).then(
    ({ mtime }) => ` since ${mtime.toISOString()}`,
    () => '',
  );
  return new SalverError('E_LOCK_HELD', `another writer has claimed ${printable(claim)}${since}`, {
    hint: 'if nobody is writing to the store, remove that file',
    facts: { path: printable(claim) },
  });
}
