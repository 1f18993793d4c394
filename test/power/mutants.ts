// Programs that leave out one of the steps that promises rest on: a harness that cannot tell them from the real one proves nothing. Each is the
// built program with a piece of its text changed.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_PROGRAM } from './host-program.js';

export interface Mutant {
  readonly name: string;
  /** What is looked for in the program, and what takes its place. */
  readonly from: RegExp;
  readonly to: string;
}

const FSYNC = String.raw`\(0,\w+\.fsyncSync\)\(fd\)`;

export const SYNC_MUTANTS: readonly Mutant[] = [
  {
    name: 'no sync of the unpacked files',
    from: /(async function syncTree\(\w+,\w+\)\{)/g,
    to: '$1return;',
  },
  {
    name: 'no fsync of directories',
    from: /(function syncDirectory\(\w+\)\{)/g,
    to: '$1return;',
  },
  {
    name: 'no fsync of the journal',
    from: new RegExp(String.raw`(writeAll\(fd,whole\));${FSYNC}`, 'g'),
    to: '$1',
  },
  {
    name: 'no fsync of the record',
    from: new RegExp(String.raw`(for\(const piece of pieces\)[^;]*);${FSYNC}`, 'g'),
    to: '$1',
  },
  { name: 'no fsync at all', from: new RegExp(FSYNC, 'g'), to: 'void 0' },
];

/** Switches so that `current` is away for a moment; long enough for a watcher that looks every millisecond. */
export const GAP_MUTANT: Mutant = {
  name: 'current is removed and made anew',
  from: /(placeLink\(temporary,release\);try\{)(\(0,\w+\.)renameSync\)\(temporary,(\w+)\)/g,
  to: '$1$2rmSync)($3,{force:true});Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,5);$2renameSync)(temporary,$3)',
};

export const NO_LOCK_MUTANT: Mutant = {
  name: 'no lock',
  from: /(function flock\(\w+,\w+,\w+\)\{)/g,
  to: '$1return{release:()=>void 0};',
};

export const NO_CLEARING_MUTANT: Mutant = {
  name: 'no clearing of leftovers',
  from: /(function clearLeftovers\(\w+\)\{)/g,
  to: '$1return 0;',
};

/** Writes the mutant. Returns its path. */
export function writeMutant(directory: string, { name, from, to }: Mutant): string {
  const text = readFileSync(HOST_PROGRAM, 'utf8');
  const mutated = text.replaceAll(from, to);
  assert.notEqual(mutated, text, `nothing to change for: ${name}`);
  const place = join(directory, `mutant ${name}`.replaceAll(' ', '-'));
  mkdirSync(place);
  const program = join(place, 'salver-host.mjs');
  writeFileSync(program, mutated);
  return program;
}
