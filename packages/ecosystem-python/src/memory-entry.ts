// Entries whose bytes are in memory.
import type { PackEntry } from '@salver/core';

const NOTHING = Buffer.alloc(0);

export function fileEntry(path: string, bytes: Uint8Array, executable = false): PackEntry {
  return {
    path,
    kind: 'file',
    executable,
    sizeBytes: bytes.length,
    linkTarget: '',
    readSync: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

export function directoryEntry(path: string): PackEntry {
  return {
    path,
    kind: 'directory',
    executable: false,
    sizeBytes: 0,
    linkTarget: '',
    readSync: () => NOTHING,
  };
}

export function linkEntry(path: string, linkTarget: string): PackEntry {
  return { path, kind: 'symlink', executable: false, sizeBytes: 0, linkTarget, readSync: () => NOTHING };
}
