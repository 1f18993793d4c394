// Runs install scripts of packages that are laid out on disk.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, formatTail, printable, runCommand } from '@salver/core';
import type { CommandResult } from '@salver/core';
import type { PlannedPackage } from './install-plan.js';
import { describeRun } from './script-decision.js';
import type { ScriptRun } from './script-decision.js';
import type { ScriptEnvironment } from './script-env.js';

export interface InstallScriptsContext {
  /** Top of the tree on disk; package locations are relative to it. */
  readonly rootDir: string;
  readonly environment: ScriptEnvironment;
  readonly signal: AbortSignal;
  readonly shell?: string;
  /** More variables for all scripts, e.g. flags that make compilers reproducible. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/**
 * Runs one install script. Throws E_INSTALL_SCRIPT_FAILED with the end of its output, E_INTERRUPTED.
 * Whether a script used the network cannot be known; what it downloads is not pinned by the lock.
 */
export async function runInstallScript(run: ScriptRun, context: InstallScriptsContext): Promise<void> {
  const packageDir = join(context.rootDir, run.location);
  const { event, script } = run;
  const environment = context.environment({
    packageDir,
    manifest: readManifest(packageDir),
    event,
    script,
    extra: planVariables(run.item),
  });
  const result = await runCommand({
    command: script,
    cwd: packageDir,
    env: { ...environment, ...context.variables },
    signal: context.signal,
    ...(context.shell === undefined ? {} : { shell: context.shell }),
    ...(context.onLine === undefined ? {} : { onLine: context.onLine }),
  });
  if (result.exitCode !== 0) throw scriptFailed(run, result);
}

function readManifest(packageDir: string): unknown {
  try {
    return JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}

/** What npm tells a script about its place in the lock. */
function planVariables(item: PlannedPackage): Record<string, string> {
  const { source } = item;
  return {
    npm_package_resolved: 'url' in source && source.url !== undefined ? source.url : '',
    npm_package_integrity: item.integrity ?? '',
    npm_package_optional: item.optional ? '1' : '',
    npm_package_dev: item.production ? '' : '1',
    npm_package_peer: '',
    npm_package_dev_optional: '',
  };
}

function scriptFailed(run: ScriptRun, result: CommandResult): SalverError {
  const how =
    result.killedBy === undefined
      ? `ended with ${result.exitCode ?? 'no status'}`
      : `died of ${result.killedBy}`;
  const output = result.tail.length === 0 ? '' : `:\n${formatTail(result.tail)}`;
  return new SalverError(
    'E_INSTALL_SCRIPT_FAILED',
    `${describeRun(run)}: \`${printable(run.script)}\` ${how}${output}`,
    {
      hint: failureHint(run, result.tail.join('\n')),
      facts: {
        package: `${run.item.name}@${run.item.version}`,
        location: run.location,
        script: run.label,
        output: result.tail,
      },
    },
  );
}

function failureHint(run: ScriptRun, output: string): string {
  if (/find Python|python3?: (?:command )?not found/i.test(output)) {
    return 'it needs Python 3 to compile (Debian: apt install python3)';
  }
  if (
    /not found: (?:make|cc|gcc|g\+\+|c\+\+|clang)|(?:make|cc|gcc|g\+\+|c\+\+|clang|cmake): (?:command )?not found|spawn make ENOENT/i.test(
      output,
    )
  ) {
    return 'it needs a compiler and make (Debian: apt install build-essential; macOS: xcode-select --install)';
  }
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|getaddrinfo|ETIMEDOUT/.test(output)) {
    return 'it tried to download something: see the documentation of the package for a mirror or offline setting';
  }
  return `see the output above; to ship without it set "${printable(run.item.name)}": false in allowScripts`;
}
