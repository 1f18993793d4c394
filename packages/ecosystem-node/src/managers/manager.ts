// What Salver must know about a package manager to let it install from its own lock: one small file per
// manager fills this in, everything else here is common to all of them.
import type { ErrorCode, Target } from '@salver/core';
import type { ManagerProject } from './read-project.js';

/** What an installation is for: the release, or the app's own build. */
export type InstallKind = 'production' | 'full';

export interface InstallRequest {
  readonly kind: InstallKind;
  readonly project: ManagerProject;
  /** Version of the program that runs. */
  readonly version: string;
  readonly offline: boolean;
  /** The workspace that is the app; undefined: all of the project is. */
  readonly workspace?: AppWorkspace;
}

/** One workspace as the app. */
export interface AppWorkspace {
  /** Relative to the project. */
  readonly directory: string;
  readonly name: string;
  /** Directories of it and of the workspaces it needs at run time. */
  readonly closure: readonly string[];
}

/** One call of the manager. */
export interface InstallStep {
  readonly args: readonly string[];
  /** Before it, development dependencies are taken out of all package.json: for versions that cannot leave them out. */
  readonly withoutDevelopment?: boolean;
}

/** Where a manager's program comes from. */
export interface ProgramSource {
  /** Name of the npm package. */
  readonly packageName: string;
  /** Path of the program inside it. */
  readonly programPath: string;
  /** What a hash behind `packageManager` is the hash of. */
  readonly hashOf: 'tarball' | 'program' | 'another package';
}

/** A line of output that says why an installation failed. */
export interface FailurePattern {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** Behind the lock's name: `is out of step with package.json`. */
  readonly reason: string;
  readonly hint: string;
}

/** An install script as the manager's output names it. */
export interface SeenScript {
  readonly name: string;
  readonly event?: string;
  readonly skipped: boolean;
}

export interface Manager {
  /** Name of the ecosystem; the two yarns are different managers. */
  readonly id: 'pnpm' | 'yarn-classic' | 'yarn-berry' | 'bun';
  /** Name in `packageManager`, and of the program. */
  readonly command: 'pnpm' | 'yarn' | 'bun';
  /** In the order the manager looks for them. */
  readonly lockfiles: readonly string[];
  /** Files and directories beside package.json that change what it installs. */
  readonly inputs: readonly string[];
  /** Lifecycle scripts of the project that an installation runs, in order. */
  readonly lifecycleEvents: readonly string[];
  /** Throws E_LOCK_UNSUPPORTED for what cannot become a release (PnP), E_LOCK_INVALID. */
  check(project: ManagerProject, env: Readonly<Record<string, string | undefined>>): void;
  programSource(version: string, target: Target): ProgramSource;
  /** Program that the project itself holds (`yarnPath`), relative to it. */
  ownProgram?(project: ManagerProject): string | undefined;
  /** What is run, one after the other. */
  installs(request: InstallRequest): readonly InstallStep[];
  /** What package.json of the root is for an installation that is for one workspace only. Default: as it is. */
  rootManifestFor?(project: ManagerProject, workspace: AppWorkspace): Readonly<Record<string, unknown>>;
  /** When that takes the place of the root's package.json. Default: from the start. */
  readonly rootManifestWhen?: 'without development';
  /** Variables for the manager and everything it starts. */
  environment(request: InstallRequest): Readonly<Record<string, string>>;
  /** The first pattern that any line of the output matches says what happened. */
  readonly failures: readonly FailurePattern[];
  /** An install script that this line of output names. */
  seenScript?(line: string): SeenScript | undefined;
  /** True when the manager runs the install scripts of all packages without naming them. */
  runsScriptsSilently?(project: ManagerProject, packageName: string): boolean;
}
