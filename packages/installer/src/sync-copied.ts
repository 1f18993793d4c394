// What was copied onto the disk after the release itself was synced (P6) is not covered by that sync: it is flushed
// by itself, or a power cut leaves files whose bytes are missing under their final names.
import { closeSync, fsyncSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Flushes a file, or a directory and everything below it. Links are names of their directory. Throws the system's error. */
export function syncCopied(path: string): void {
  const stats = lstatSync(path);
  if (stats.isDirectory()) for (const name of readdirSync(path)) syncCopied(`${path}/${name}`);
  if (stats.isDirectory() || stats.isFile()) syncOne(path);
}

/** Flushes the names in the directories from the one that holds `path` up to `top`. Throws the system's error. */
export function syncNamesUpTo(top: string, path: string): void {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    syncOne(directory);
    if (directory === top || directory === dirname(directory)) return;
  }
}

function syncOne(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
