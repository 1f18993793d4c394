// The end of a cache file that holds bytes and a record of them:
//
//   bytes | record (JSON) | seal
//
// The seal (fixed length) has the record's sha256 and length. Both come last so that a file of any size is
// written in one pass with bounded memory, and so that a file that was cut off is recognised at once.
import { sha256Hex } from '@salver/core';
import { readFully } from './file-io.js';

const MAGIC = 'salver-unit-1';
const LENGTH_DIGITS = 10;
const SEAL_BYTES = 64 + 1 + LENGTH_DIGITS + 1 + MAGIC.length + 1;
const SEAL_PATTERN = /^([0-9a-f]{64}) ([0-9]{10}) salver-unit-1\n$/;
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** Record and seal, to be written after the bytes. */
export function encodeSealedEnd(record: object): Buffer {
  const json = Buffer.from(JSON.stringify(record), 'utf8');
  const length = String(json.length).padStart(LENGTH_DIGITS, '0');
  return Buffer.concat([json, Buffer.from(`${sha256Hex(json)} ${length} ${MAGIC}\n`, 'latin1')]);
}

export interface SealedEnd {
  /** May lie in the window: use it before the window is used again. */
  readonly json: Buffer;
  /** How many bytes come before the record. */
  readonly contentBytes: number;
}

/**
 * Reads the end of a file of `fileBytes` bytes into `window`, which then has the last bytes of the file; a record
 * that does not fit is read apart. Undefined when the file is damaged. Throws system errors as they are.
 */
export function readSealedEnd(fd: number, fileBytes: number, window: Buffer): SealedEnd | undefined {
  const { length: windowBytes } = window;
  if (windowBytes < SEAL_BYTES || readFully(fd, window, fileBytes - windowBytes) < windowBytes)
    return undefined;
  const seal = SEAL_PATTERN.exec(window.toString('latin1', windowBytes - SEAL_BYTES));
  const jsonBytes = Number(seal?.[2] ?? -1);
  const contentBytes = fileBytes - SEAL_BYTES - jsonBytes;
  if (seal === null || jsonBytes < 0 || jsonBytes > RECORD_BYTES_MAX || contentBytes < 0) return undefined;
  let json: Buffer;
  if (jsonBytes + SEAL_BYTES <= windowBytes) {
    json = window.subarray(windowBytes - SEAL_BYTES - jsonBytes, windowBytes - SEAL_BYTES);
  } else {
    json = Buffer.allocUnsafe(jsonBytes);
    if (readFully(fd, json, contentBytes) < jsonBytes) return undefined;
  }
  return sha256Hex(json) === seal[1] ? { json, contentBytes } : undefined;
}
