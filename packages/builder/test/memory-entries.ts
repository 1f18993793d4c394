// Entries whose bytes are in memory.
import type { PackEntry } from '@salver/core';

export function fileEntry(path: string, content: string | Buffer, executable = false): PackEntry {
  const bytes = Buffer.from(content);
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
    readSync: () => Buffer.alloc(0),
  };
}

export function linkEntry(path: string, linkTarget: string): PackEntry {
  return {
    path,
    kind: 'symlink',
    executable: false,
    sizeBytes: 0,
    linkTarget,
    readSync: () => Buffer.alloc(0),
  };
}

/** Bytes that do not compress and are the same every time. */
export function noise(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < sizeBytes; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}
