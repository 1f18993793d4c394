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
 * Makes one tree durable. A failure is final for what was staged: pages may be marked clean after a failed
 * write-back, so trying again could report success falsely.
 */
export class TreeSync {
  readonly #directory: string;
  readonly #durability: Durability;
  #early: Promise<SyncOutcome> | undefined;

  /** @param directory absolute path. */
  constructor(directory: string, durability: Durability) {
    this.#directory = directory;
    this.#durability = durability;
  }

  /** Lets the disk begin with what has been written so far, while the rest is still unpacked. */
  begin(): void {
    if (this.#durability !== 'syncfs' || this.#early !== undefined) return;
    this.#early = runSync(this.#directory);
    // Its failure is thrown by `finish`; after an earlier failure of something else nobody asks for it.
    this.#early.catch(() => undefined);
  }

  /** Everything below the directory is on the disk afterwards. Throws E_FILE_SYSTEM, E_DISK_FULL. */
  async finish(): Promise<void> {
    if (this.#durability === 'none') return;
    // What an early sync reported as lost is not reported again by the next one.
    if (this.#early !== undefined) isSynced(await this.#early);
    if (this.#durability === 'syncfs' && isSynced(await runSync(this.#directory))) return;
    try {
      await syncEachFile(this.#directory);
    } catch (error) {
      throw fileSystemError(error, 'cannot write the release to the disk');
    }
  }

  /** Waits for an early sync, so that nothing of it goes on when the tree is removed. */
  async close(): Promise<void> {
    await this.#early?.catch(() => undefined);
  }
}

/** How sync(1) ended; no status when there is no such program. */
interface SyncOutcome {
  readonly status: number | undefined;
  readonly complaint: string;
}

/** False when sync(1) is missing or does not know -f. Throws E_FILE_SYSTEM when it failed. */
function isSynced({ status, complaint }: SyncOutcome): boolean {
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

function runSync(directory: string): Promise<SyncOutcome> {
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
