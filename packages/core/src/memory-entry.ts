// Entries that come from no file on disk: bytes in memory, directories, links.
import type { PackEntry } from './entry.js';

const NOTHING = Buffer.alloc(0);

/** A file with this content; text becomes UTF-8. */
export function fileEntry(path: string, content: string | Uint8Array, executable = false): PackEntry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
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
