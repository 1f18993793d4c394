// Where a lock takes packages from, as far as the project's settings have a say: git repositories, and entries that
// state no hash of their content. The locks are read line by line: only the manager needs to understand them.
import type { DependencySettings } from '@salver/core';
import { SalverError, printable } from '@salver/core';
import type { Manager } from './manager.js';
import type { ManagerProject } from './read-project.js';

/** One entry of a lock. */
export interface LockedEntry {
  readonly name: string;
  readonly isGit: boolean;
  readonly hasIntegrity: boolean;
}

/** Throws E_GIT_DEPENDENCY_REFUSED, and under `strictIntegrity` E_INTEGRITY_MISSING. */
export function checkSources(manager: Manager, project: ManagerProject, settings: DependencySettings): void {
  const { allowGit, strictIntegrity } = settings;
  const entries = lockedEntries(project.lockText, manager.id);
  for (const { name, isGit, hasIntegrity } of entries) {
    const isAllowed = allowGit === true || (Array.isArray(allowGit) && allowGit.includes(name));
    if (isGit && !isAllowed) throw gitRefused(name, project);
    if (!isGit && !hasIntegrity && strictIntegrity === true) throw integrityMissing(name, project, manager);
  }
}

/** The entries of a lock that are fetched from somewhere. A binary lock has none that can be read. */
export function lockedEntries(lockText: string, id: Manager['id']): readonly LockedEntry[] {
  const entries: LockedEntry[] = [];
  for (const block of blocksOf(lockText.replaceAll('\r\n', '\n'), id)) {
    const name = /^(?:\s*"[^"]*": \[)?\s*["'/]*(@?[^@"']+)@/.exec(block)?.[1];
    if (name === undefined || IS_LOCAL.test(block)) continue;
    entries.push({ name, isGit: IS_GIT.test(block), hasIntegrity: HAS_INTEGRITY.test(block) });
  }
  return entries;
}

const IS_GIT =
  /\btype: git\b|gitHosted: true|codeload\.github\.com|gitlab\.com\/\S*\/archive|bitbucket\.org\/\S*\/get\/|\bgit\+(?:https?|ssh|file)|\bgit@|\bgit:\/\/|\.git#|#commit=|@github:/;
const IS_LOCAL =
  /\btype: directory\b|linkType: soft|resolution: "[^"]*@(?:workspace|link|portal|file):|@workspace:|\[\s*"[^"]*@(?:file|link|root):/;
const HAS_INTEGRITY = /integrity|checksum: |"sha\d+-/;

/** pnpm: keys below `packages`; bun: lines below `"packages"`; yarn: paragraphs. */
function* blocksOf(text: string, id: Manager['id']): Iterable<string> {
  if (id === 'bun') {
    yield* text.split('\n').filter((line) => /^\s+"[^"]+": \["/.test(line));
  } else if (id === 'pnpm') {
    const [, packages = ''] = /^packages:\n([\s\S]*?)(?=^\S|(?![\s\S]))/m.exec(text) ?? [];
    yield* packages.split(/\n(?= {2}\S)/).map((block) => block.trim());
  } else {
    const blocks = text
      .split(/\n\n+/)
      .filter((block) => /^["\w@]/.test(block) && !block.startsWith('__metadata'));
    // An entry of yarn 1 for a directory has no address.
    yield* id === 'yarn-berry' ? blocks : blocks.filter((block) => /^ {2}resolved /m.test(block));
  }
}

function gitRefused(name: string, { lockfile }: ManagerProject): SalverError {
  return new SalverError('E_GIT_DEPENDENCY_REFUSED', `${printable(name)} comes from a git repository`, {
    hint: `allow it in salver.json: "dependencies": { "allowGit": ["${printable(name)}"] }`,
    facts: { lockfile },
  });
}

function integrityMissing(name: string, { lockfile }: ManagerProject, { command }: Manager): SalverError {
  return new SalverError('E_INTEGRITY_MISSING', `${lockfile} has no integrity for ${printable(name)}`, {
    hint: `delete its entry and run \`${command} install\`, or set dependencies.strictIntegrity to false`,
    facts: { lockfile },
  });
}
