// Releases that retention must not remove, because somebody said so.
import { readFileSync } from 'node:fs';
import { SalverError } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { writeDurably } from './write-durably.js';

/** Who pinned a release, and when. */
export interface Pin {
  readonly at: string;
  readonly by: string;
}

export type Pins = Readonly<Record<string, Pin>>;

/** Throws E_FILE_SYSTEM when the pins cannot be read: removing what may be pinned would be worse. */
export function readPins(paths: HostPaths): Pins {
  let text: string;
  try {
    text = readFileSync(paths.pins, 'utf8');
  } catch {
    return {};
  }
  try {
    return (JSON.parse(text) as { readonly pins: Pins }).pins;
  } catch (error) {
    throw new SalverError('E_FILE_SYSTEM', `${paths.pins} cannot be read`, {
      hint: 'remove the file and pin again what must stay',
      cause: error,
    });
  }
}

/** A crash leaves the old pins. Throws the system's error. */
export function writePins(paths: HostPaths, pins: Pins): void {
  writeDurably(paths.pins, [`${JSON.stringify({ format: 1, pins })}\n`]);
}
