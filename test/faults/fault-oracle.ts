// Judges a root after a fault by the promises alone (docs/reliability.md, "What is judged"), without any code of the
// installer. Each finding begins with the number of the promise that is broken.
import { hash } from 'node:crypto';
import { diffTrees } from '../list-tree.js';
import type { Tree, TreeEntry } from '../list-tree.js';
import type { ProgramResult } from '../product-harness.js';
import { ASSETS } from './fault-releases.js';
import type { RootView } from './root-view.js';

/** What an operation is about; names of releases, null for none. */
export interface Expectation {
  readonly from: string | null;
  readonly to: string | null;
  /** Where it ends when undisturbed: `to`, or `from` when `to` is taken back. */
  readonly end: string | null;
  readonly endPrevious: string | null;
  /** Exit status of an undisturbed run. */
  readonly status: number;
  /** Releases that must be there at the end. */
  readonly installed: readonly string[];
  /** True when the release that ends up current must have been checked since the start. */
  readonly checksEnd: boolean;
  /** A run that had to go back has said that static files without a hash in their names may not be those of its release. */
  readonly assetsMayLag?: boolean;
  /** Every release there may be, by name, as GNU tar unpacks it. */
  readonly trees: ReadonlyMap<string, Tree>;
}

/** What one run may leave at most. */
const LEFTOVERS_MAX = {
  bounded: { staged: 1, links: 2, unfinished: 2 },
  none: { staged: 0, links: 0, unfinished: 0 },
} as const;

const TOP_NAMES = new Set(['.salver', 'config', 'current', 'previous', 'releases', 'shared']);

/** Right after the fault. `result` is undefined when the program was killed. */
export function judgeFault(
  wanted: Expectation,
  before: RootView,
  after: RootView,
  result?: ProgramResult,
): readonly string[] {
  return [
    ...judgeCurrent(after, wanted, [wanted.from, wanted.to]),
    ...judgeReleases(before, after, wanted),
    ...judgeUntouched(before, after, wanted),
    ...judgeHistory(before, after),
    ...judgeHooks(after),
    ...judgeAssets(after, wanted),
    ...judgeLeftovers(after, 'bounded'),
    ...(result === undefined ? [] : judgeExit(after, result, wanted)),
  ];
}

export type Leftovers = 'bounded' | 'none';

/**
 * After the run that follows it: everything must be as if nothing had happened. A run that finds nothing to do takes
 * no lock and clears nothing away: only then leftovers may be `bounded`.
 */
export function judgeEnd(
  wanted: Expectation,
  before: RootView,
  after: RootView,
  result: ProgramResult,
  leftovers: Leftovers = 'none',
): readonly string[] {
  const findings = [
    ...judgeCurrent(after, wanted, [wanted.end]),
    ...judgeReleases(before, after, wanted),
    ...judgeUntouched(before, after, wanted),
    ...judgeHistory(before, after),
    ...judgeHooks(after),
    ...judgeAssets(after, wanted),
    ...judgeCurrentAssets(after, wanted),
    ...judgeLeftovers(after, leftovers),
  ];
  if (result.status !== wanted.status) findings.push(`I4 the next run ended with ${endOf(result)}`);
  if (after.previous !== linkTo(wanted.endPrevious))
    findings.push(`I4 previous is ${after.previous} at the end`);
  const installed = [...after.releases.keys()].sort().join(' ');
  if (installed !== [...wanted.installed].sort().join(' '))
    findings.push(`I4 installed are ${installed} at the end`);
  const notes = after.hookNotes.slice(before.hookNotes.length);
  if (wanted.checksEnd && !notes.some((note) => note.endsWith(` check ${wanted.end}`))) {
    findings.push(`I4 ${wanted.end} is current and was never checked`);
  }
  return findings;
}

/** Once more: nothing may change, wherever it is that one cannot see it, too. */
export function judgeRepeat(before: RootView, after: RootView): readonly string[] {
  const findings: string[] = [];
  if (before.current !== after.current || before.previous !== after.previous) {
    findings.push('I4 doing it again moves a link');
  }
  for (const { path } of diffTrees(before.state, after.state)) {
    findings.push(`I4 doing it again changes .salver/${path}`);
  }
  for (const [path, identity] of before.identities) {
    if (after.identities.get(path) !== identity) findings.push(`I4 doing it again writes ${path}`);
  }
  return findings.slice(0, 3);
}

/** I1, first half: `current` is one of the two, and what it leads to is there. */
function judgeCurrent(
  view: RootView,
  { trees }: Expectation,
  allowed: readonly (string | null)[],
): readonly string[] {
  const links = allowed.map(linkTo);
  if (!links.includes(view.current))
    return [`I1 current is ${view.current}, allowed are ${links.join(' and ')}`];
  if (view.current === null) return [];
  const name = view.current.slice('releases/'.length);
  return view.releases.has(name) && trees.has(name)
    ? []
    : [`I1 current leads to ${name}, which is not there`];
}

/** I1, second half, and more: whatever has a name below releases/ is whole, byte for byte. */
function judgeReleases(before: RootView, view: RootView, { trees }: Expectation): readonly string[] {
  return [...view.releases].flatMap(([name, tree]) => {
    const expected = trees.get(name);
    if (expected === undefined) return [`I1 releases/${name} is nobody's`];
    const [first] = diffTrees(tree, expected);
    if (first === undefined || isStillDamaged(before.releases.get(name), tree)) return [];
    return [`I1 releases/${name} is not whole: ${first.path}`];
  });
}

/** One that was damaged before the operation, and is as it was. */
function isStillDamaged(before: Tree | undefined, now: Tree): boolean {
  return before !== undefined && diffTrees(before, now).length === 0;
}

/** I3: nothing below a release that was there is written again, moved or removed. */
function judgeUntouched(before: RootView, after: RootView, wanted: Expectation): readonly string[] {
  const exempt = new Set([...before.releases.keys()].filter((name) => mayGo(name, before, after, wanted)));
  for (const [path, identity] of before.identities) {
    const name = path.slice(0, path.indexOf('/'));
    if (!exempt.has(name) && after.identities.get(path) !== identity)
      return [`I3 releases/${path} was written`];
  }
  return [];
}

/** One that was damaged is to be replaced; one that is pruned goes as a whole. */
function mayGo(name: string, before: RootView, after: RootView, { trees, installed }: Expectation): boolean {
  if (!installed.includes(name) && !after.releases.has(name)) return true;
  const [expected, tree] = [trees.get(name), before.releases.get(name)];
  return expected === undefined || tree === undefined || diffTrees(tree, expected).length > 0;
}

interface Line {
  readonly number: number;
  readonly prev: string;
}

const CHAIN_START = '0'.repeat(64);

/** I9: what the history says stays said, and its chain holds. A torn last line is what a kill may leave. */
function judgeHistory(before: RootView, after: RootView): readonly string[] {
  if (before.history.some((line, index) => after.history[index] !== line))
    return ['I9 the history was rewritten'];
  let prev = CHAIN_START;
  for (const [index, text] of after.history.entries()) {
    const line = parseLine(text);
    if (line === undefined) return index === after.history.length - 1 ? [] : [`I9 line ${index + 1} is torn`];
    if (line.prev !== prev || line.number !== index + 1)
      return [`I9 the history breaks at line ${index + 1}`];
    prev = hash('sha256', text, 'hex');
  }
  return [];
}

function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

/** I10: a hook runs at most once in one transaction; a check may be repeated. */
function judgeHooks({ hookNotes }: RootView): readonly string[] {
  const seen = new Set<string>();
  for (const note of hookNotes) {
    if (note.includes(' check ')) continue;
    if (seen.has(note)) return [`I10 a hook ran twice: ${note}`];
    seen.add(note);
  }
  return [];
}

/** Nobody is ever sent half a file, or one of another release under a name with a hash. */
function judgeAssets({ assets }: RootView, { trees }: Expectation): readonly string[] {
  for (const [path, entry] of assets) {
    if (entry.kind !== 'file' || path.endsWith('/.salver-unfinished')) continue;
    const isWhole = [...trees.values()].some((tree) => isSame(tree.get(path), entry));
    if (!isWhole) return [`I1 shared/static/${path} is not whole`];
  }
  return [];
}

/** At rest, pages of the current release find their files. */
function judgeCurrentAssets({ assets, current }: RootView, wanted: Expectation): readonly string[] {
  const { trees, assetsMayLag = false } = wanted;
  const tree = trees.get(current?.slice('releases/'.length) ?? '') ?? new Map<string, TreeEntry>();
  for (const [path, entry] of tree) {
    if (!path.startsWith(`${ASSETS}/`) || entry.kind !== 'file') continue;
    if (assetsMayLag && !/-[0-9a-f]{12}\./.test(path)) continue;
    if (!isSame(assets.get(path), entry)) return [`I1 shared/static/${path} is not that of ${current}`];
  }
  return [];
}

function isSame(one: TreeEntry | undefined, other: TreeEntry): boolean {
  return one !== undefined && diffTrees(new Map([['', one]]), new Map([['', other]])).length === 0;
}

/** I5. */
function judgeLeftovers(view: RootView, leftovers: Leftovers): readonly string[] {
  const bounds = LEFTOVERS_MAX[leftovers];
  const findings: string[] = [];
  const strangers = view.topNames.filter((name) => !TOP_NAMES.has(name));
  const odd = strangers.filter((name) => !name.startsWith('.salver-link-'));
  if (odd.length > 0) findings.push(`I5 ${odd.join(', ')} lies in the root`);
  if (strangers.length > bounds.links) findings.push(`I5 ${strangers.join(', ')} is left in the root`);
  const paths = [...view.state.keys()];
  const staged = paths.filter((path) => /^staging\/[^/]+$/.test(path));
  if (staged.length > bounds.staged) findings.push(`I5 ${staged.join(', ')} is left`);
  const unfinished = paths.filter((path) => path.endsWith('.unfinished') || path === 'running.json');
  if (unfinished.length > bounds.unfinished) findings.push(`I5 ${unfinished.join(', ')} is left`);
  if (leftovers === 'none') findings.push(...judgeRecords(view, paths));
  return findings;
}

/** At rest there is a record for each release, and none without. */
function judgeRecords(view: RootView, paths: readonly string[]): readonly string[] {
  const records = paths.filter((path) => path.startsWith('records/')).map((path) => path.slice(8, -6));
  const names = [...view.releases.keys()];
  const lone = [
    ...records.filter((name) => !names.includes(name)),
    ...names.filter((name) => !records.includes(name)),
  ];
  return lone.length === 0 ? [] : [`I5 record and release do not match: ${lone.join(', ')}`];
}

/** I2 and I7: what the exit status says is true. */
function judgeExit(view: RootView, result: ProgramResult, wanted: Expectation): readonly string[] {
  const isAtFrom = view.current === linkTo(wanted.from);
  const isAtEnd = view.current === linkTo(wanted.end);
  if (result.status === 0)
    return isAtEnd && wanted.status === 0 ? [] : [`I2 exit 0, and current is ${view.current}`];
  if (isAtFrom) return [];
  const name = view.current?.slice('releases/'.length) ?? 'no release';
  return result.stderr.includes(`${name} is current`) || result.stderr.includes(`to ${name}`)
    ? []
    : [`I7 ${endOf(result)}, current is ${view.current}, and nobody says so`];
}

function linkTo(name: string | null): string | null {
  return name === null ? null : `releases/${name}`;
}

/** How a run ended, in one line. */
export function endOf({ status, signal, stderr }: ProgramResult): string {
  return `${signal ?? `exit ${status}`}: ${stderr.trim().split('\n').slice(-1)[0]?.slice(0, 400)}`;
}
