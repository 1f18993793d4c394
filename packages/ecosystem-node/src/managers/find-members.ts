// The workspaces of a project, from package.json (yarn, bun) or pnpm-workspace.yaml.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findWorkspaces } from '../find-workspaces.js';
import type { RootManifest } from '../read-lockfile.js';

/** Directories of workspaces relative to the project, sorted. Throws E_CONFIG_INVALID. */
export async function findMembers(
  projectDir: string,
  manifest: RootManifest,
  pnpmWorkspace: string | undefined,
): Promise<readonly string[]> {
  const patterns = pnpmWorkspace === undefined ? manifest['workspaces'] : packagesOf(pnpmWorkspace);
  const workspaces = await findWorkspaces(projectDir, { ...manifest, workspaces: patterns });
  return [...workspaces.values()]
    .filter((directory) => directory !== '' && existsSync(join(projectDir, directory, 'package.json')))
    .sort();
}

/** The list `packages` of pnpm-workspace.yaml: a block list or a flow list of plain or quoted words. */
export function packagesOf(yaml: string): readonly string[] {
  const lines = yaml.split(/\r?\n/);
  const start = lines.findIndex((line) => /^packages\s*:/.test(line));
  if (start === -1) return [];
  const flow = /^packages\s*:\s*\[(.*)\]/.exec(lines[start] ?? '');
  if (flow !== null) return (flow[1] ?? '').split(',').map(unquote).filter(Boolean);
  const patterns: string[] = [];
  for (const line of lines.slice(start + 1)) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (item === null) break;
    patterns.push(unquote(item[1] ?? ''));
  }
  return patterns.filter(Boolean);
}

function unquote(word: string): string {
  const quoted = /^\s*(["'])(.*?)\1/.exec(word);
  return quoted === null ? word.replace(/\s+#.*$/, '').trim() : (quoted[2] ?? '');
}
