// Judges a root after a power cut from what docs/hosts.md promises, with nothing of the installer's: reads links, files
// and lines, and compares trees with those that GNU tar makes.
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { diffTrees, listTree } from '../product-harness.js';
import type { PowerRelease } from './power-releases.js';

/** What is wrong with a root; empty when nothing is. */
export type Faults = readonly string[];

export interface Expectation {
  /** What `current` may name. Null: there may be no `current`. */
  readonly current: readonly (PowerRelease | null)[];
  /** Every release that may be installed. */
  readonly known: readonly PowerRelease[];
  /** The run had ended and reported its end: nothing may be left to finish. */
  readonly acknowledged: boolean;
  /** The run had nothing to write down: a line that a cut has torn stays until the next act cuts it off. */
  readonly wroteNothing?: boolean;
  /** Must not be installed after an acknowledged run. */
  readonly gone?: PowerRelease | undefined;
}

export function judgeRoot(root: string, expectation: Expectation): Faults {
  return [
    ...judgeCurrent(root, expectation),
    ...judgeReleases(root, expectation),
    ...judgeState(root, expectation),
  ];
}

/** I1 and, after an acknowledged run, I2. */
function judgeCurrent(root: string, { current }: Expectation): Faults {
  const target = linkTarget(join(root, 'current'));
  if (target === undefined) return current.includes(null) ? [] : ['current is missing'];
  const release = current.find((each) => each !== null && target === `releases/${each.name}`);
  if (release === undefined || release === null) return [`current is ${target}`];
  return [];
}

/** What has a name below releases/ is whole, whether it is current or not, and so is its record. */
function judgeReleases(root: string, { known, acknowledged, gone }: Expectation): Faults {
  return namesIn(join(root, 'releases')).flatMap((name) => {
    const release = known.find((each) => each.name === name);
    if (acknowledged && name === gone?.name) return [`releases/${name} is back`];
    if (release === undefined) return [`releases/${name} is unknown`];
    const differences = diffTrees(listTree(join(root, 'releases', name)), release.tree);
    const damaged = differences
      .slice(0, 3)
      .map(({ path, left }) => `releases/${name}/${path} is ${show(left)}`);
    return [...damaged, ...judgeLines(join(root, '.salver/records', `${name}.jsonl`), { torn: false })];
  });
}

function judgeState(root: string, { acknowledged, wroteNothing = false }: Expectation): Faults {
  const state = join(root, '.salver');
  const journal = join(state, 'journal.json');
  const history = join(state, 'history.jsonl');
  const faults: string[] = [];
  if (existsSync(journal)) {
    const phase = phaseOf(journal);
    if (phase === undefined) faults.push('the journal cannot be read');
    else if (acknowledged && phase !== 'done')
      faults.push(`the journal says ${phase} after a run that has ended`);
  }
  if (existsSync(history)) faults.push(...judgeLines(history, { torn: !acknowledged || wroteNothing }));
  if (acknowledged && !existsSync(history)) faults.push('the act is not in the history');
  return faults;
}

function phaseOf(journal: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(journal, 'utf8')) as { phase?: string }).phase;
  } catch {
    return undefined;
  }
}

/** A file of JSON lines. `torn`: the last one may be cut off. */
function judgeLines(path: string, { torn }: { readonly torn: boolean }): Faults {
  if (!existsSync(path)) return [`${path} is missing`];
  const lines = readFileSync(path, 'utf8').split('\n');
  const rest = lines.pop();
  const isBad = lines.some((line) => !isJson(line)) || lines.length === 0 || rest !== '';
  if (isBad && !torn) return [`${path} is not whole`];
  return torn && lines.some((line) => !isJson(line)) ? [`${path} is damaged in the middle`] : [];
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** After a recovery nothing of a dead run lies around. */
export function judgeLeftovers(root: string): Faults {
  return [
    ...namesIn(join(root, '.salver/staging')).map((name) => `staging/${name} is left`),
    ...namesIn(root)
      .filter((name) => name.startsWith('.') && name !== '.salver')
      .map((name) => `${name} is left`),
    ...namesIn(join(root, '.salver'))
      .filter((name) => name.endsWith('.unfinished'))
      .map((name) => `${name} is left`),
  ];
}

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function show(entry: unknown): string {
  return entry === undefined ? 'missing' : JSON.stringify(entry);
}
