// P6: what was written must be on the disk before a name that others rely on points to it; otherwise a power
// cut leaves `current` pointing to files of zero bytes (seen in 9 of 29 cut points without it).
// One syncfs through sync(1) costs about twice the writing; fsync of each file ten times as much.
import { spawn } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';

/**
 * How a staged release reaches the disk: `syncfs` flushes the whole file system at once, `files` each file
 * of the release, `none` leaves it to the kernel (a power cut may then lose the release).
 */
export type Durability = 'syncfs' | 'files' | 'none';

const FILES_IN_FLIGHT_MAX = 16;

/**
 * Makes everything below `directory` durable. A failure is final for what was staged: pages may be marked
 * clean after a failed write-back, so trying again could report success falsely. Throws E_FILE_SYSTEM, E_DISK_FULL.
 */
export async function syncTree(directory: string, durability: Durability): Promise<void> {
  if (durability === 'none') return;
  if (durability === 'syncfs' && (await syncFileSystem(directory))) return;
  try {
    await syncEachFile(directory);
  } catch (error) {
    throw fileSystemError(error, 'cannot write the release to the disk');
  }
}

/** False when sync(1) is missing or does not know -f. */
async function syncFileSystem(directory: string): Promise<boolean> {
  const { status, complaint } = await runSync(directory);
  if (status === 0) return true;
  if (status === undefined || /usage|invalid|unrecognized|applet/i.test(complaint)) return false;
  throw new SalverError(
    'E_FILE_SYSTEM',
    `cannot write the release to the disk: ${printable(complaint.trim())}`,
    {
      hint: 'the disk reports errors or is full: check `dmesg` and `df`',
    },
  );
}

function runSync(directory: string): Promise<{ status: number | undefined; complaint: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('sync', ['-f', directory], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.on('error', (error) => {
      if (errnoOf(error) === 'ENOENT') resolve({ status: undefined, complaint: '' });
      else reject(error);
    });
    child.on('close', (status) => resolve({ status: status ?? 1, complaint }));
  });
}

async function syncEachFile(directory: string): Promise<void> {
  const pending: string[] = [directory];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) pending.push(`${entry.parentPath}/${entry.name}`);
  }
  const syncNext = async (): Promise<void> => {
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const handle = await open(path, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  };
  await Promise.all(Array.from({ length: FILES_IN_FLIGHT_MAX }, syncNext));
}
