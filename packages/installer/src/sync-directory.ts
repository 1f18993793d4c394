// In a file of its own: what only reads and writes small files must not load the modules that start programs.
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a directory durable. Throws the system's error. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
