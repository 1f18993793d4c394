// Checks all of an artifact without installing it: every byte against the manifest, every entry against the
// rules, links included.
import { MemberParser, SILENT_PROGRESS, TreeRules, readHead } from '@salver/core';
import type { ArtifactHead, ArtifactSource, Entry, EntrySink, Progress } from '@salver/core';
import { walkMembers } from './member-walk.js';
import { sharedPathsOf } from './shared-paths.js';

export interface VerifyArtifactOptions {
  readonly source: ArtifactSource;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns the checked head. Throws E_ARTIFACT_DAMAGED, E_ARTIFACT_TRUNCATED, E_ARTIFACT_HOSTILE, E_DIGEST_MISMATCH,
 * E_FORMAT_UNKNOWN, E_MANIFEST_INVALID, E_PATH_UNSAFE, E_INTERRUPTED.
 */
export async function verifyArtifact(options: VerifyArtifactOptions): Promise<ArtifactHead> {
  const { source } = options;
  const head = readHead(source);
  const rules = new TreeRules(head.manifest);
  const shared = sharedPathsOf(head.manifest);
  const parser = new MemberParser(
    checkingSink((entry) => {
      rules.accept(entry);
      shared.checkEntry(entry);
    }),
  );
  const step = (options.progress ?? SILENT_PROGRESS).step('verifying', 'bytes');
  try {
    await walkMembers(
      { head, source, step, signal: options.signal },
      {
        beginUnit: () => rules.beginUnit(),
        visit: (_members, _index, member) => {
          parser.parse(member.read());
          return 1;
        },
        endUnit: () => parser.finish(),
      },
    );
  } finally {
    step.end();
  }
  rules.finish();
  return head;
}

function checkingSink(accept: (entry: Entry) => void): EntrySink {
  return {
    directory: accept,
    symlink: accept,
    file: accept,
    beginLargeFile: accept,
    piece: () => undefined,
    endLargeFile: () => undefined,
  };
}
