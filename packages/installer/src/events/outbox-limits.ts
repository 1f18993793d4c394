// The outbox cannot grow without end: a receiver that is gone for good costs at most this much disk. What is
// dropped is counted in a file, so that the next one who delivers says so.
import { readFileSync } from 'node:fs';
import { errnoOf } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { writeDurably } from '../write-durably.js';
import { outboxNames, removeOutboxFiles } from './outbox-files.js';

export const OUTBOX_FILES_MAX = 500;
export const OUTBOX_AGE_MAX_MS = 7 * 24 * 3_600_000;

function countPath(paths: HostPaths): string {
  return `${paths.outbox}/dropped`;
}

/** Drops what is too old, and the oldest of what is too much. Throws the system's error. */
export function limitOutbox(paths: HostPaths, now: number): void {
  const names = outboxNames(paths);
  const surplus = Math.max(0, names.length - OUTBOX_FILES_MAX);
  const dropped = names.filter((name, index) => index < surplus || isTooOld(name, now));
  if (dropped.length === 0) return;
  // Counted first: a crash in between counts twice, which is better than not at all.
  writeDurably(countPath(paths), [`${droppedCount(paths) + dropped.length}\n`]);
  removeOutboxFiles(paths, dropped);
}

/** By the time in the name, which is when it happened. */
function isTooOld(name: string, now: number): boolean {
  const [, year, month, day, hour, minute] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/.exec(name) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}Z`);
  return !Number.isNaN(at) && now - at > OUTBOX_AGE_MAX_MS;
}

/** How many files were dropped since this was last reported. */
export function droppedCount(paths: HostPaths): number {
  try {
    const count = Number(readFileSync(countPath(paths), 'utf8'));
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** It has been reported. */
export function forgetDropped(paths: HostPaths): void {
  removeOutboxFiles(paths, ['dropped']);
}
