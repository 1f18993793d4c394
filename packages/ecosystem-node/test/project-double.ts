// A project in a temporary directory, written from literals, and the plan for it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DependencySettings, Target } from '@salver/core';
import { computePlan } from '../dist/compute-plan.js';
import type { InstallPlan } from '../dist/install-plan.js';
import { loadNpmOptions } from '../dist/npm-options.js';
import { parseProjectTexts, readProjectTexts } from '../dist/read-lockfile.js';

export type Json = Readonly<Record<string, unknown>>;

export interface ProjectDouble {
  readonly manifest: Json;
  /** `packages` of the lock; the root entry is the manifest unless given. */
  readonly packages: Readonly<Record<string, Json>>;
  /** Further files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface PlanSettings {
  readonly target?: Target;
  readonly nodeVersion?: string;
  readonly settings?: DependencySettings;
  readonly workspace?: string;
}

export const LINUX: Target = { os: 'linux', arch: 'x64', libc: 'glibc' };

/** Runs `work` in a directory with these files; the directory is removed afterwards. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'salver-plan-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The plan for a project made of literals. */
export async function planOf(project: ProjectDouble, options: PlanSettings = {}): Promise<InstallPlan> {
  const lock = {
    lockfileVersion: 3,
    packages: { '': project.manifest, ...project.packages },
  };
  const files = {
    'package.json': JSON.stringify(project.manifest),
    'package-lock.json': JSON.stringify(lock),
    ...project.files,
  };
  return withFiles(files, (directory) => planDirectory(directory, options));
}

/** The plan for a project on disk, with no npm configuration but the project's own. */
export async function planDirectory(directory: string, options: PlanSettings = {}): Promise<InstallPlan> {
  const npmOptions = await loadNpmOptions(directory, { HOME: join(directory, '.home') }, '/nowhere/bin/node');
  return computePlan({
    ...parseProjectTexts(await readProjectTexts(directory)),
    projectDir: directory,
    target: options.target ?? LINUX,
    nodeVersion: options.nodeVersion ?? 'v20.19.0',
    settings: options.settings ?? {},
    npmOptions,
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
  });
}

/** A registry entry of a lock. */
export function entry(version: string, more: Json = {}): Json {
  return { version, integrity: 'sha512-AAAA', ...more };
}
