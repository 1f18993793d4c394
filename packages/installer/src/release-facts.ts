// The first line of a release's record: all that `status` needs of it, without the modules that check the rest.
import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import type { HostPaths } from './host-paths.js';

/** The first line of a record. */
export interface ReleaseFacts {
  readonly format: 1;
  readonly release: string;
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly target: string;
  /** ISO time of installation on this host. */
  readonly installedAt: string;
  readonly commit?: string;
  readonly entries: number;
  readonly sizeBytes: number;
  /** Shared paths as configured in the release. */
  readonly shared: readonly string[];
}

/** Where the record of a release lies. */
export function recordPath(paths: HostPaths, release: string): string {
  return `${paths.records}/${release}.jsonl`;
}

/** Only the first line, for lists of releases; undefined when there is none that can be understood. Throws E_FILE_SYSTEM. */
export function readReleaseFacts(paths: HostPaths, release: string): ReleaseFacts | undefined {
  const path = recordPath(paths, release);
  const line = withFileErrors(`cannot read ${path}`, () => readFirstLine(path));
  try {
    return line === undefined ? undefined : parseFacts(line);
  } catch {
    return undefined;
  }
}

const LINE_PIECE_BYTES = 4 * 1024;

/** A record may have megabytes, and `status` needs its first line only. Undefined when there is no file. */
function readFirstLine(path: string): string | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = Buffer.alloc(LINE_PIECE_BYTES);
      const length = readSync(fd, piece, 0, LINE_PIECE_BYTES, null);
      const end = piece.subarray(0, length).indexOf('\n');
      pieces.push(piece.subarray(0, end === -1 ? length : end));
      if (end !== -1 || length === 0) return Buffer.concat(pieces).toString('utf8');
    }
  } finally {
    closeSync(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined when the line is of another format. Throws when it is no JSON. */
export function parseFacts(line: string): (ReleaseFacts & { readonly bodyDigest: string }) | undefined {
  const facts = JSON.parse(line) as ReleaseFacts & { readonly bodyDigest: string };
  return facts.format === 1 ? facts : undefined;
}
