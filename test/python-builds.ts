// What tests of Python builds share: an index with the sample packages, caches and places of their own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startIndexDouble } from '@salver/testing';
import type { IndexDouble, MadePackage } from '@salver/testing';
import { makeTempDir, runCommand, runJson, runProgram } from './product-harness.js';
import type { InstallReport, RunOptions } from './product-harness.js';
import {
  missingHeaders,
  missingPython,
  nativeSdist,
  requirementsOf,
  samplePackages,
  versionWheel,
  writePythonApp,
} from './python-app.js';

export type Packages = Readonly<Record<string, readonly MadePackage[]>>;

/** What the sample app prints. */
export interface AppReport {
  readonly prefix: string;
  readonly version: string;
  readonly text: string;
  readonly tag: string;
  readonly native?: number;
  readonly plat: string;
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Undefined when Python tests can run. */
export const noPython = missingPython();
/** Undefined when C code can be compiled as well. */
export const noCompiler = noPython ?? missingHeaders();

export class PythonBuilds {
  readonly packages: Packages = {
    ...samplePackages(),
    ...(noCompiler === undefined ? { 'fx-native': [nativeSdist()] } : {}),
  };
  readonly #directory = makeTempDir();
  #index: IndexDouble | undefined;

  async start(): Promise<void> {
    const versions = { 'fx-version': [versionWheel('1.0'), versionWheel('2.0')] };
    this.#index = await startIndexDouble({ projects: { ...this.packages, ...versions } });
  }

  async stop(): Promise<void> {
    await this.#index?.close();
    this.#directory.remove();
  }

  get requestsSoFar(): number {
    return this.#index?.requests.length ?? 0;
  }

  place(...parts: string[]): string {
    return join(this.#directory.path, ...parts);
  }

  /** Nothing of the machine's own pip settings, and a cache of its own. */
  options(cache = 'cache', env: RunOptions['env'] = {}): RunOptions {
    const unset = { PIP_FIND_LINKS: undefined, PIP_CERT: undefined };
    const own = {
      SALVER_CACHE: this.place(cache),
      PIP_CONFIG_FILE: '/dev/null',
      PIP_INDEX_URL: this.#index?.url ?? '',
    };
    return { env: { ...unset, ...own, ...env } };
  }

  /** Writes the sample app and returns its directory. */
  writeApp(name: string, files: Readonly<Record<string, string>> = {}): string {
    const directory = this.place(name);
    writePythonApp(directory, { 'requirements.txt': requirementsOf(this.packages), ...files });
    return directory;
  }

  install(artifact: string, root: string, more: RunOptions = {}): Promise<InstallReport> {
    return runJson<InstallReport>(
      'salver-host',
      ['install', artifact, '--root', root, '--durability', 'none'],
      more,
    );
  }

  async runApp(root: string): Promise<AppReport> {
    const { stdout } = await runCommand(join(root, 'current/.venv/bin/python'), [
      join(root, 'current/main.py'),
    ]);
    return JSON.parse(stdout) as AppReport;
  }

  /** Builds an app that cannot be built, with these packages in an index of its own. */
  async refusedBuild(name: string, packages: Packages, form: 'json' | 'html' = 'json'): Promise<ErrorReport> {
    const index = await startIndexDouble({ projects: packages, form });
    try {
      const app = this.writeApp(name, { 'requirements.txt': requirementsOf(packages) });
      return await refusal(
        ['build', app, '--output', this.place(`out-${name}`)],
        this.options(`cache-${name}`, { PIP_INDEX_URL: index.url }),
      );
    } finally {
      await index.close();
    }
  }
}

/** Runs `salver` and returns the error it must end with. */
export async function refusal(args: readonly string[], options: RunOptions): Promise<ErrorReport> {
  const result = await runProgram('salver', [...args, '--json'], options);
  assert.notEqual(result.status, 0, result.stdout);
  return JSON.parse(result.stderr.trim().split('\n').at(-1) ?? '') as ErrorReport;
}
