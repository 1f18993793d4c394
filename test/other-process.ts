// Watching processes that are not our children, e.g. a script that a build has started.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

/** Waits until the file has content. */
export async function contentOf(path: string): Promise<string> {
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text !== '') return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ENDING_LIMIT_MS = 5_000;

/** Waits until a process that is not our child has ended; a zombie that nobody has asked about yet has ended. */
export async function ending(pid: number): Promise<void> {
  const deadline = performance.now() + ENDING_LIMIT_MS;
  while (isRunning(pid)) {
    assert.ok(performance.now() < deadline, `process ${pid} still runs`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
