// Git dependencies: refused unless the configuration allows them, always at a pinned commit, and packed by
// npm itself, which knows how to clone, prepare and choose files. Preparing runs code of the repository and of
// its development dependencies, which is why nothing is allowed by default. The result is remembered by commit.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildCache, DependencySettings, StoredDownload } from '@salver/core';
import { SalverError, formatTail, printable, runCommand } from '@salver/core';
import type { PlannedPackage } from './install-plan.js';
import { findNpmProgram } from './npm-program.js';

export interface GitContext {
  readonly cache: BuildCache;
  readonly settings: DependencySettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  readonly projectDir: string;
}

type GitPackage = PlannedPackage & { readonly source: { readonly kind: 'git' } };

export function isGitPackage(item: PlannedPackage): item is GitPackage {
  return item.source.kind === 'git';
}

/** Throws E_GIT_DEPENDENCY_REFUSED unless the settings allow this git dependency. */
export function checkGitAllowed(item: GitPackage, settings: DependencySettings): void {
  const { allowGit } = settings;
  if (allowGit === true || (Array.isArray(allowGit) && allowGit.includes(item.name))) return;
  throw new SalverError(
    'E_GIT_DEPENDENCY_REFUSED',
    `${printable(item.name)} comes from a git repository: ${printable(withoutUserInfo(item.source.url))}`,
    {
      hint: `allow it in salver.json: "dependencies": { "allowGit": ["${printable(item.name)}"] }`,
      facts: { location: item.location, commit: item.source.commit },
    },
  );
}

/** The integrity this commit was packed to before, or undefined. */
export function knownGitIntegrity(item: GitPackage, cache: BuildCache): string | undefined {
  const note = cache.findNote(noteKey(item)) as { readonly integrity?: unknown } | undefined;
  return typeof note?.integrity === 'string' ? note.integrity : undefined;
}

/**
 * The packed tarball of a pinned commit, from the cache or made now; other builders wait.
 * Throws E_REGISTRY_UNREACHABLE (offline), E_DOWNLOAD_FAILED, E_TOOL_MISSING, E_INTERRUPTED.
 */
export async function fetchGit(item: GitPackage, context: GitContext): Promise<StoredDownload> {
  return context.cache.withLock(noteKey(item), async () => {
    const known = knownGitIntegrity(item, context.cache);
    const found = known === undefined ? undefined : context.cache.findDownload(known);
    if (found !== undefined) return found;
    if (context.offline) throw offline(item);
    return context.cache.withTempDir((directory) => packInto(directory, item, context));
  });
}

function noteKey(item: GitPackage): string {
  return `npm-git:1:${item.source.url.replace(/#.*$/, '')}#${item.source.commit}`;
}

async function packInto(directory: string, item: GitPackage, context: GitContext): Promise<StoredDownload> {
  const npm = findNpmProgram(context.env);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.env)) {
    // NODE_ENV=production would keep the dependency's own build tools away.
    if (value !== undefined && name !== 'NODE_ENV') env[name] = value;
  }
  const result = await runCommand({
    // Values come as variables, so that no URL of a lock is ever read by the shell as code.
    command:
      '"$SALVER_NODE" "$SALVER_NPM" pack "$SALVER_SPEC" --pack-destination "$SALVER_OUT" --allow-git=all --allow-remote=all',
    cwd: context.projectDir,
    env: {
      ...env,
      SALVER_NODE: process.execPath,
      SALVER_NPM: npm.cliPath,
      SALVER_SPEC: `${item.source.url.replace(/#.*$/, '')}#${item.source.commit}`,
      SALVER_OUT: directory,
      GIT_TERMINAL_PROMPT: '0',
    },
    signal: context.signal,
  });
  const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz'));
  if (result.exitCode !== 0 || tarball === undefined) throw packFailed(item, result.tail);
  const stored = await context.cache.storeDownload(createReadStream(join(directory, tarball)), {
    description: `${item.name}@${item.version}`,
  });
  context.cache.storeNote(noteKey(item), { integrity: stored.integrity });
  return stored;
}

function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

function packFailed(item: GitPackage, tail: readonly string[]): SalverError {
  return new SalverError(
    'E_DOWNLOAD_FAILED',
    `npm could not pack ${printable(item.name)} from git:\n${formatTail(tail.map(withoutUserInfo))}`,
    {
      hint: 'try `npm pack` with that URL by hand; check that git may read the repository without asking',
      facts: { location: item.location, commit: item.source.commit },
    },
  );
}

function offline(item: GitPackage): SalverError {
  return new SalverError(
    'E_REGISTRY_UNREACHABLE',
    `${printable(item.name)} is not in the cache, and this build is offline`,
    {
      hint: 'build once with network access',
      facts: { location: item.location },
    },
  );
}
