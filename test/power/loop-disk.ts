// A file system of its own in an image file, whose power can be cut: FS_IOC_SHUTDOWN makes the kernel forget what has
// not reached the image; mounting it again replays the journal, as a machine does that starts after a power cut.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceDirectory } from '../product-harness.js';

export const FILE_SYSTEMS = ['ext4', 'xfs'] as const;
export type FileSystemName = (typeof FILE_SYSTEMS)[number];

/** `nothing`: nothing survives that was not synced. `journal`: names survive, data that was not synced does not. */
export const CUTS = ['nothing', 'journal'] as const;
export type Cut = (typeof CUTS)[number];

const SHUTDOWN_FLAG: Readonly<Record<Cut, number>> = { journal: 1, nothing: 2 };
const MEBIBYTE = 2 ** 20;
/** XFS refuses less than 300 MiB. The image is sparse. */
const IMAGE_MIB: Readonly<Record<FileSystemName, number>> = { ext4: 24, xfs: 300 };

const FORMAT_COMMAND: Readonly<Record<FileSystemName, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  xfs: ['mkfs.xfs', '-q', '-f'],
};

/** `commit=60` keeps ext4 from writing its journal by itself while a run lasts; XFS waits 30 seconds. */
const MOUNT_OPTIONS: Readonly<Record<FileSystemName, string>> = { ext4: 'loop,commit=60', xfs: 'loop' };

const SHUT_DOWN = join(workspaceDirectory, 'test/power/shut-down.py');
/** The system's own Python first: the wrappers of version managers take longer than all the rest. */
const SYSTEM_PATH = `/usr/bin:/bin:${process.env['PATH'] ?? ''}`;
const MEMORY = '/dev/shm';

/** A fresh directory for images, in memory where that exists: what is lost and kept does not depend on it. */
export function makeImageDirectory(): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'salver-power-'));
}

/** Why the power of such a file system cannot be cut here, or false: as node:test's `skip` wants it. */
export function powerSkipReason(fileSystem: FileSystemName): string | false {
  if (process.platform !== 'linux') return 'loop mounts are a Linux thing';
  if (process.getuid?.() !== 0) return 'loop mounts need root';
  for (const program of [FORMAT_COMMAND[fileSystem][0] ?? '', 'mount', 'strace', 'python3', 'tar']) {
    if (!isThere(program)) return `${program} is not installed`;
  }
  const directory = makeImageDirectory();
  try {
    const disk = new LoopDisk(directory, fileSystem);
    disk.format();
    disk.mount();
    disk.cutPower('nothing');
    return false;
  } catch (error) {
    return `this machine cannot mount an image with ${fileSystem} and shut it down: ${firstLine(error)}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function isThere(program: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .split('\n')
    .slice(0, 2)
    .join(' ');
}

/** One image and the place where it is mounted. */
export class LoopDisk {
  readonly fileSystem: FileSystemName;
  readonly image: string;
  readonly path: string;
  #isMounted = false;

  constructor(directory: string, fileSystem: FileSystemName, name = 'disk') {
    this.fileSystem = fileSystem;
    this.image = join(directory, `${name}.img`);
    this.path = join(directory, name);
    mkdirSync(this.path, { recursive: true });
  }

  /** Makes the file system anew. */
  format(): void {
    writeFileSync(this.image, '');
    truncateSync(this.image, IMAGE_MIB[this.fileSystem] * MEBIBYTE);
    const [program = '', ...args] = FORMAT_COMMAND[this.fileSystem];
    execFileSync(program, [...args, this.image], { stdio: 'pipe' });
  }

  mount(): void {
    execFileSync(
      'mount',
      ['-t', this.fileSystem, '-o', MOUNT_OPTIONS[this.fileSystem], this.image, this.path],
      {
        stdio: 'pipe',
      },
    );
    this.#isMounted = true;
  }

  /** Does nothing when it is not mounted. */
  unmount(): void {
    if (!this.#isMounted) return;
    execFileSync('umount', [this.path], { stdio: 'pipe' });
    this.#isMounted = false;
  }

  /** Afterwards the image holds what a disk would hold after a power cut; it is not mounted. */
  cutPower(cut: Cut): void {
    execFileSync('python3', ['-I', SHUT_DOWN, this.path, String(SHUTDOWN_FLAG[cut])], {
      stdio: 'pipe',
      env: { ...process.env, PATH: SYSTEM_PATH },
    });
    this.unmount();
  }

  /** Keeps the image as it is, under another name. It must not be mounted. */
  saveAs(image: string): void {
    copySparse(this.image, image);
  }

  /** Goes back to a saved image. It must not be mounted. */
  restore(image: string): void {
    copySparse(image, this.image);
  }
}

function copySparse(from: string, to: string): void {
  try {
    execFileSync('cp', ['--sparse=always', from, to], { stdio: 'pipe' });
  } catch {
    copyFileSync(from, to);
  }
}
