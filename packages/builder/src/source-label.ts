// The label of a release for people: which commit and branch it was built from.
import { FORMAT_NUMBER, printable } from '@salver/core';
import type { SourceLabel } from '@salver/core';
import { askGit, splitNul } from './run-git.js';

/** Commit, branch and whether tracked files of the project differ from it. Only `format` outside of git. */
export async function readSourceLabel(
  projectDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SourceLabel> {
  const args = ['status', '--porcelain=v2', '--branch', '--untracked-files=no', '-z', '--', '.'];
  const output = await askGit(projectDir, args, env);
  if (output === undefined) return { format: FORMAT_NUMBER };
  const lines = splitNul(output);
  const commit = headerOf(lines, 'branch.oid');
  const branch = headerOf(lines, 'branch.head');
  return {
    format: FORMAT_NUMBER,
    ...(commit === undefined || commit === '(initial)' ? {} : { commit }),
    ...(branch === undefined || branch === '(detached)' ? {} : { branch: printable(branch) }),
    dirty: lines.some((line) => !line.startsWith('# ')),
  };
}

function headerOf(lines: readonly string[], name: string): string | undefined {
  const prefix = `# ${name} `;
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}
