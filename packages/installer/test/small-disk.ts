// A small file system of its own for a test, and a way to fill it to the last byte.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';

/** Why no small disk can be mounted here, or false. */
export const mountProblem = ((): string | false => {
  if (process.getuid?.() !== 0) return 'mounting a small tmpfs needs root';
  const probe = spawnSync('unshare', ['--mount', 'true']);
  return probe.status === 0 ? false : 'this system does not allow mounts';
})();

/** Runs `work` with a file system of its own mounted at `directory`. */
export async function withSmallDisk(
  directory: string,
  options: string,
  work: () => Promise<void>,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]).status, 0);
  try {
    await work();
  } finally {
    spawnSync('umount', [directory]);
  }
}

/** Writes a file that takes all the room there is. */
export function fillDisk(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
      const bytes = Buffer.alloc(size);
      try {
        for (;;) writeSync(fd, bytes);
      } catch {
        // Full for this size; the next one is smaller.
      }
    }
  } finally {
    closeSync(fd);
  }
}
