// A file system of a few megabytes, to fill up: a tmpfs, which only root may mount.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no small disk can be made here, or false: as node:test's `skip` wants it. */
export const smallDiskSkipReason: string | false = findSkipReason();

function findSkipReason(): string | false {
  if (process.platform !== 'linux') return 'tmpfs is a Linux thing';
  if (process.getuid?.() !== 0) return 'mounting a tmpfs needs root';
  try {
    const directory = mountTmpfs(1);
    unmount(directory);
    return false;
  } catch {
    return 'this machine does not allow mounting a tmpfs';
  }
}

/** Runs `work` with an empty file system of `megabytes`. */
export async function withSmallDisk(
  megabytes: number,
  work: (disk: { readonly path: string; readonly makeReadOnly: () => void }) => Promise<void>,
): Promise<void> {
  const path = mountTmpfs(megabytes);
  try {
    const makeReadOnly = (): void => void execFileSync('mount', ['-o', 'remount,ro', path]);
    await work({ path, makeReadOnly });
  } finally {
    unmount(path);
  }
}

function mountTmpfs(megabytes: number): string {
  const path = mkdtempSync(join(tmpdir(), 'salver-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' });
    return path;
  } catch (error) {
    rmSync(path, { recursive: true });
    throw error;
  }
}

function unmount(path: string): void {
  execFileSync('umount', [path], { stdio: 'pipe' });
  rmSync(path, { recursive: true });
}
