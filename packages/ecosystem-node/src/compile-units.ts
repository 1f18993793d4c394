// Units whose scripts run: found in the cache under their full key, or built once. One after the other, in
// npm's order, but dependencies first, so that a script can use what another one compiled.
import { compilerVersions, formatTarget, hostTarget } from '@salver/core';
import type { BuildCache, FinishedUnit, ProgressStep, Target } from '@salver/core';
import { SalverError } from '@salver/core';
import { compiledKey } from './compiled-key.js';
import { dependencyClosure } from './dependency-closure.js';
import { describePackage } from './fetch-package.js';
import type { PlannedBin, PlannedPackage } from './install-plan.js';
import { buildPackage } from './native-build.js';
import { findNpmProgram } from './npm-program.js';
import type { PackageUnit } from './package-unit.js';
import type { ScriptDecision } from './script-decision.js';
import { createScriptEnvironment } from './script-env.js';
import type { ScriptEnvironment } from './script-env.js';

export interface CompileOptions {
  readonly cache: BuildCache;
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly packages: ReadonlyMap<string, PlannedPackage>;
  readonly units: ReadonlyMap<string, PackageUnit>;
  readonly decisions: ReadonlyMap<string, ScriptDecision>;
  readonly bins: readonly PlannedBin[];
  readonly shell?: string;
  readonly step: ProgressStep;
  readonly warn: (text: string) => void;
}

export interface CompiledUnit {
  readonly content: FinishedUnit;
  readonly cached: boolean;
}

export class CompiledUnits {
  readonly #options: CompileOptions;
  readonly #finished = new Map<string, CompiledUnit>();
  readonly #builtNow = new Set<string>();
  #toolchain: Promise<Toolchain> | undefined;

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  /** True when the package at `location` was built in this run, not taken from the cache. */
  wasBuiltNow(location: string): boolean {
    return this.#builtNow.has(location);
  }

  /**
   * The unit at `location` after its scripts ran. Not to be called while another call is under way.
   * Throws E_INSTALL_SCRIPT_FAILED, E_TOOL_MISSING, E_PLATFORM_UNSUPPORTED, E_INTERRUPTED.
   */
  async finish(location: string): Promise<CompiledUnit> {
    return this.#finish(location, new Set());
  }

  async #finish(location: string, ancestors: ReadonlySet<string>): Promise<CompiledUnit> {
    const known = this.#finished.get(location);
    if (known !== undefined) return known;
    const unit = this.#options.units.get(location);
    const runs = this.#options.decisions.get(location)?.runs ?? [];
    if (unit === undefined) throw new Error(`no unit at ${location}`);
    const closure = await this.#closureOf(unit, new Set([...ancestors, location]));
    const toolchain = await (this.#toolchain ??= this.#loadToolchain());
    const key = compiledKey({
      baseKey: unit.content.key,
      runs,
      target: this.#options.target,
      closure: new Map([...closure].map(([path, content]) => [path, content.key])),
      nodeGypVersion: toolchain.nodeGypVersion,
      compilers: toolchain.compilers,
      environment: toolchain.environment,
    });
    const found = await this.#options.cache.fetchUnit(key);
    const finished =
      found === undefined ? await this.#build(unit, key, closure) : { content: found, cached: true };
    this.#finished.set(location, finished);
    return finished;
  }

  /** What the package is built with. A package that depends on itself in a circle is used as published. */
  async #closureOf(
    unit: PackageUnit,
    ancestors: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, FinishedUnit>> {
    const { packages, units, decisions } = this.#options;
    const closure = new Map<string, FinishedUnit>();
    for (const location of dependencyClosure(unit.item, packages)) {
      const member = units.get(location);
      if (member === undefined || location === unit.item.location) continue;
      const isBuilt = (decisions.get(location)?.runs.length ?? 0) > 0 && !ancestors.has(location);
      closure.set(location, isBuilt ? (await this.#finish(location, ancestors)).content : member.content);
    }
    return closure;
  }

  async #build(
    unit: PackageUnit,
    key: string,
    closure: ReadonlyMap<string, FinishedUnit>,
  ): Promise<CompiledUnit> {
    const { cache, step, target } = this.#options;
    this.#refuseOtherTarget(unit, target);
    return cache.withLock(key, async () => {
      // Another builder may have finished it while this one waited.
      const found = cache.findUnit(key);
      if (found !== undefined) return { content: found, cached: true };
      const name = describePackage(unit.item);
      step.detail(`compiling ${name}`);
      const content = await buildPackage({
        ...this.#options,
        key,
        unit,
        runs: this.#options.decisions.get(unit.item.location)?.runs ?? [],
        closure,
        environmentFor: (rootDir) => this.#environmentFor(rootDir),
        onLine: (line) => step.detail(`${name}: ${line}`),
      });
      this.#builtNow.add(unit.item.location);
      return { content, cached: false };
    });
  }

  #refuseOtherTarget(unit: PackageUnit, target: Target): void {
    const host = formatTarget(hostTarget());
    if (formatTarget(target) === host) return;
    throw new SalverError(
      'E_PLATFORM_UNSUPPORTED',
      `${describePackage(unit.item)} must be compiled, which for ${formatTarget(target)} is not possible on ${host}`,
      {
        hint: 'build on a machine (or in a container) of that platform',
        facts: { location: unit.item.location },
      },
    );
  }

  #environmentFor(rootDir: string): ScriptEnvironment {
    const { projectDir, env } = this.#options;
    return createScriptEnvironment({ projectDir, rootDir, env, npm: findNpmProgram(env), command: 'ci' });
  }

  async #loadToolchain(): Promise<Toolchain> {
    const { env, cache, signal, projectDir } = this.#options;
    const environment = this.#environmentFor(projectDir);
    return {
      nodeGypVersion: findNpmProgram(env).nodeGypVersion,
      compilers: await compilerVersions(env, cache, signal),
      environment: environment({ packageDir: projectDir, manifest: {}, event: 'install', script: '' }),
    };
  }
}

interface Toolchain {
  readonly nodeGypVersion: string;
  readonly compilers: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}
