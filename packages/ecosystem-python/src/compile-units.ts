// Source distributions are built once, into wheels, in an environment of pinned tools, and then never again: the unit
// of such a wheel is kept under a key of everything known to change it.
import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, compilerVersions, formatTail, printable, runCommand } from '@salver/core';
import type { EcosystemContext, FinishedUnit } from '@salver/core';
import { withBuildDirectory } from './build-directory.js';
import { checkBuildRequirements, readBuildSystem } from './build-requirements.js';
import type { BuildSystem } from './build-requirements.js';
import { buildVariables, compiledKey, shortKey } from './compiled-key.js';
import type { ChosenFile, PackageFetcher } from './fetch-package.js';
import type { Interpreter } from './interpreter.js';
import { evaluateMarker, parseMarker } from './marker.js';
import type { LockedPackage } from './python-lock.js';
import { readPyproject, unpackSdist } from './unpack-sdist.js';
import { makeVirtualEnv, virtualEnvVariables } from './virtual-env.js';

/** A tool that is there when source distributions are built. */
export interface BuildTool {
  readonly name: string;
  readonly version: string;
  readonly content: FinishedUnit;
}

export interface WheelBuilderOptions {
  readonly context: EcosystemContext;
  readonly interpreter: Interpreter;
  readonly fetcher: PackageFetcher;
  /** The pinned tools; asked for when the first source distribution turns up. */
  readonly tools: () => Promise<readonly BuildTool[]>;
}

/** A built wheel, in the cache. */
export interface BuiltWheel {
  readonly fileName: string;
  readonly integrity: string;
  readonly path: string;
  /** False when it was built before. */
  readonly builtNow: boolean;
}

/** Calls the backend as PEP 517 asks of a frontend; a build needs no more of pip than this. */
const CALL_BACKEND = `
import importlib, json, os, sys
backend, path, out = json.loads(os.environ.pop("SALVER_BUILD"))
sys.path[0:1] = [os.path.abspath(p) for p in path]
module, _, attribute = backend.partition(":")
found = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    found = getattr(found, name)
asked = getattr(found, "get_requires_for_build_wheel", lambda settings=None: [])(None)
with open(os.path.join(out, "requires.json"), "w") as file:
    json.dump(list(asked), file)
with open(os.path.join(out, "wheel.txt"), "w") as file:
    file.write(found.build_wheel(out, None, None))
`;

export class WheelBuilder {
  readonly #options: WheelBuilderOptions;

  constructor(options: WheelBuilderOptions) {
    this.#options = options;
  }

  /** Key of everything that decides what is built of a file. The first time, the file is fetched to see what it asks for. */
  async keyOf(item: LockedPackage, file: ChosenFile): Promise<string> {
    const { context, interpreter } = this.#options;
    const tools = await this.#toolsFor(await this.#buildSystemOf(item, file));
    return compiledKey({
      integrity: file.integrity,
      subdirectory: item.subdirectory,
      tools: tools.map(({ name, version, content }) => [name, version, content.key]),
      interpreter,
      target: context.target,
      compilers: await compilerVersions(context.env, context.cache, context.signal),
      variables: buildVariables(context.env, context.python.buildEnv),
    });
  }

  /** The wheel, built when it must be. Throws E_SDIST_BUILD_FAILED, E_BUILD_REQUIREMENT_UNPINNED, E_TARBALL_DAMAGED, and as fetching. */
  async wheelOf(item: LockedPackage, file: ChosenFile, key: string): Promise<BuiltWheel> {
    const { cache } = this.#options.context;
    return (
      this.#find(key) ??
      cache.withLock(key, async () => this.#find(key) ?? (await this.#build(item, file, key)))
    );
  }

  /** One that asks for nothing is built with nothing. */
  #toolsFor({ requires }: BuildSystem): Promise<readonly BuildTool[]> {
    return requires.length === 0 ? Promise.resolve([]) : this.#options.tools();
  }

  async #buildSystemOf(item: LockedPackage, file: ChosenFile): Promise<BuildSystem> {
    const { context, fetcher } = this.#options;
    const { subdirectory } = item;
    const key = `python-build-system:1:${file.integrity}:${subdirectory ?? ''}`;
    const known = context.cache.findNote(key) as BuildSystem | undefined;
    if (known !== undefined) return known;
    const { path } = await fetcher.fetch(item, file);
    const { fileName } = file;
    const text = await readPyproject(path, { fileName, subdirectory });
    const system = await readBuildSystem(text).catch((error: unknown) => {
      throw new SalverError(
        'E_TARBALL_DAMAGED',
        `the pyproject.toml of ${printable(fileName)} cannot be read`,
        {
          hint: 'report it to its author, and lock another version meanwhile',
          cause: error,
        },
      );
    });
    context.cache.storeNote(key, system);
    return system;
  }

  #find(key: string): BuiltWheel | undefined {
    const { cache } = this.#options.context;
    const note = cache.findNote(key) as { readonly fileName: string; readonly integrity: string } | undefined;
    const download = note === undefined ? undefined : cache.findDownload(note.integrity);
    if (note === undefined || download === undefined) return undefined;
    return { ...note, path: download.path, builtNow: false };
  }

  async #build(item: LockedPackage, file: ChosenFile, key: string): Promise<BuiltWheel> {
    const { context, fetcher } = this.#options;
    const { path } = await fetcher.fetch(item, file);
    const description = printable(`${item.name} ${item.version ?? ''}`.trim());
    context.progress.note(`building ${description} from source`);
    return withBuildDirectory(shortKey(key), context.signal, async (directory) => {
      const sources = join(directory, 'src');
      const project = await unpackSdist(path, {
        fileName: file.fileName,
        directory: sources,
        subdirectory: item.subdirectory,
      });
      const system = await this.#buildSystemOf(item, file);
      const fileName = await this.#runBackend(system, { project, directory, description });
      const stream = createReadStream(join(directory, 'out', fileName));
      const stored = await context.cache.storeDownload(stream, { description: printable(fileName) });
      context.cache.storeNote(key, { fileName, integrity: stored.integrity });
      return { fileName, integrity: stored.integrity, path: stored.path, builtNow: true };
    });
  }

  async #runBackend(
    system: BuildSystem,
    { project, directory, description }: Readonly<Record<'project' | 'directory' | 'description', string>>,
  ): Promise<string> {
    const { context, interpreter } = this.#options;
    const tools = await this.#toolsFor(system);
    this.#checkRequires(system.requires, tools, description);
    const units = tools.map(({ content }) => content);
    const out = join(directory, 'out');
    const home = join(directory, 'home');
    for (const made of [out, home]) mkdirSync(made);
    const program = join(directory, 'build.py');
    writeFileSync(program, CALL_BACKEND);
    makeVirtualEnv(directory, units, { interpreter, cache: context.cache });
    const result = await runCommand({
      command: `exec python -W ignore ${program}`,
      cwd: project,
      env: {
        ...virtualEnvVariables(directory, context.env['PATH'] ?? ''),
        ...buildVariables(context.env, context.python.buildEnv),
        HOME: home,
        TMPDIR: home,
        SALVER_BUILD: JSON.stringify([system.backend, system.backendPath, out]),
      },
      signal: context.signal,
    });
    this.#checkRequires(askedOf(out), tools, description);
    if (result.exitCode !== 0) throw buildFailed(description, result.tail);
    return builtFile(out, description);
  }

  #checkRequires(requires: readonly string[], tools: readonly BuildTool[], description: string): void {
    const environment = {
      variables: this.#options.interpreter.variables,
      extras: new Set<string>(),
      groups: new Set<string>(),
    };
    checkBuildRequirements(requires, new Map(tools.map(({ name, version }) => [name, version])), {
      description,
      applies: (marker) => evaluateMarker(parseMarker(marker), environment),
    });
  }
}

/** What the backend asked for beyond its table; nothing when it never came that far. */
function askedOf(out: string): readonly string[] {
  const path = join(out, 'requires.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly string[]) : [];
}

/** Name of the wheel that the backend says it has made. */
function builtFile(out: string, description: string): string {
  const path = join(out, 'wheel.txt');
  const fileName = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (!fileName.includes('/') && fileName.endsWith('.whl') && existsSync(join(out, fileName)))
    return fileName;
  throw buildFailed(description, ['its build ended without a wheel']);
}

function buildFailed(description: string, tail: readonly string[]): SalverError {
  return new SalverError('E_SDIST_BUILD_FAILED', `${description} does not build:\n${formatTail(tail)}`, {
    hint: 'install the compiler, headers or library that the output asks for on the build machine, or lock a version that has a wheel',
    facts: { package: description },
  });
}
