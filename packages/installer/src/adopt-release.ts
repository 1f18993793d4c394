// A release without a record: install.sh put it there, or the record was lost. With the artifact at hand its
// files are compared with what the artifact says, and the record is written. Nothing else is touched, so this
// also works for the release that is serving.
import { lstatSync } from 'node:fs';
import { MemberParser, TreeRules } from '@salver/core';
import type { ArtifactHead, ArtifactSource, Entry, EntrySink, Progress } from '@salver/core';
import { findDifferences } from './compare-tree.js';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { walkMembers } from './member-walk.js';
import { rowPath } from './recorded-entry.js';
import type { InstalledTree } from './recorded-entry.js';
import { recordPath } from './release-facts.js';
import { ReleaseRecord, recordPieces, formatRows } from './release-record.js';
import type { ReleaseFacts } from './release-facts.js';
import type { RecordRow, RecordedMember } from './release-record.js';
import { sharedPathsOf } from './shared-paths.js';
import { writeDurably } from './write-durably.js';

export interface AdoptOptions {
  readonly paths: HostPaths;
  readonly head: ArtifactHead;
  readonly source: ArtifactSource;
  readonly facts: ReleaseFacts;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * True when the installed tree is exactly what the artifact holds; its record is then written. Throws what reading
 * the artifact throws, E_FILE_SYSTEM, E_DISK_FULL.
 */
export async function adoptRelease(options: AdoptOptions): Promise<boolean> {
  const { paths, head, facts } = options;
  const tree = releasePath(paths, facts.release);
  const installed = { tree, shared: sharedPathsOf(head.manifest) };
  const step = options.progress.step('comparing', 'bytes');
  try {
    const members = await recordFromArtifact(options, installed);
    const record = new ReleaseRecord(
      facts,
      members.map((member) => member.digest),
      members.map((member) => member.line),
    );
    const { manifest } = head;
    const differences = await findDifferences({ ...options, installed, record, manifest, step });
    if (differences.length > 0) return false;
    withFileErrors('cannot write the record', () =>
      writeDurably(recordPath(paths, facts.release), recordPieces(facts, members)),
    );
    return true;
  } finally {
    step.end();
  }
}

async function recordFromArtifact(
  options: AdoptOptions,
  installed: InstalledTree,
): Promise<readonly RecordedMember[]> {
  const rules = new TreeRules(options.head.manifest);
  const recorder = new DiskRecorder(installed, rules);
  const parser = new MemberParser(recorder);
  const step = options.progress.step('reading', 'bytes');
  await walkMembers(
    { ...options, step },
    {
      beginUnit: () => rules.beginUnit(),
      visit: (_members, _index, member) => {
        parser.parse(member.read());
        recorder.endMember(member.row[1]);
        return 1;
      },
      endUnit: () => parser.finish(),
    },
  ).finally(() => step.end());
  rules.finish();
  return recorder.members;
}

/** Makes record rows out of the artifact's entries and the times and inodes found on disk. */
class DiskRecorder implements EntrySink {
  readonly #installed: InstalledTree;
  readonly #rules: TreeRules;
  readonly members: RecordedMember[] = [];
  #rows: RecordRow[] = [];
  #large = '';
  #offset = 0;

  constructor(installed: InstalledTree, rules: TreeRules) {
    this.#installed = installed;
    this.#rules = rules;
  }

  directory(entry: Entry): void {
    this.#rules.accept(entry);
    this.#rows.push(['d', entry.path]);
  }

  symlink(entry: Entry): void {
    this.#rules.accept(entry);
    this.#rows.push(['l', entry.path, entry.linkTarget]);
  }

  file(entry: Entry): void {
    this.#rules.accept(entry);
    const kind = entry.executable ? 'x' : 'f';
    if (entry.sizeBytes === 0) {
      this.#rows.push([kind, entry.path, 0, 0, 0]);
      return;
    }
    const stats = lstatSync(rowPath(this.#installed, entry.path), { throwIfNoEntry: false });
    // A missing file gets a row that fits nothing; the comparison then names it.
    this.#rows.push([kind, entry.path, entry.sizeBytes, stats?.mtimeMs ?? 0, stats?.ino ?? 0]);
  }

  beginLargeFile(entry: Entry): void {
    this.file(entry);
    this.#large = entry.path;
    this.#offset = 0;
  }

  piece(data: Buffer): void {
    this.#rows.push(['p', this.#large, this.#offset, data.length]);
    this.#offset += data.length;
  }

  endLargeFile(): void {
    this.#large = '';
  }

  endMember(digest: string): void {
    this.members.push({ digest, line: formatRows(this.#rows) });
    this.#rows = [];
  }
}
