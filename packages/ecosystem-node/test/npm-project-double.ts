// A whole npm project made in a test: packages as tarballs in its own `vendor` directory, a lock that names
// them, no network and no configuration of this machine.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CollectedUnits, EcosystemContext, EcosystemPlan } from '@salver/core';
import { createNpmEcosystem } from '../dist/ecosystem.js';
import type { ContextDouble } from './context-double.js';
import { packageTarball, sri } from './tarball-double.js';

type Files = Readonly<Record<string, string | { readonly data: string; readonly mode: number }>>;

export interface VendoredPackage {
  /** package.json; `name` and `version` are needed. */
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  readonly files?: Files;
  /** Fields of its lock entry beyond what follows from the manifest, e.g. `dev`, `optional`. */
  readonly lock?: Readonly<Record<string, unknown>>;
  /** Install location; `node_modules/<name>` by default. */
  readonly location?: string;
}

export interface NpmProjectDouble {
  readonly packages: readonly VendoredPackage[];
  /** Fields of the root's package.json beyond its dependencies. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** More entries of the lock. */
  readonly lockPackages?: Readonly<Record<string, unknown>>;
  /** More files of the project. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes the project into the context's project directory. */
export async function writeNpmProject(directory: string, project: NpmProjectDouble): Promise<void> {
  const packages: Record<string, unknown> = {};
  const dependencies: Record<string, Record<string, string>> = {
    dependencies: {},
    devDependencies: {},
    optionalDependencies: {},
  };
  for (const { manifest, files, lock = {}, location = `node_modules/${manifest.name}` } of project.packages) {
    const file = `vendor/${manifest.name.replace('/', '-')}-${manifest.version}.tgz`;
    const bytes = packageTarball(manifest, files);
    await write(join(directory, file), bytes);
    const { dependencies: own, bin, optionalDependencies } = manifest;
    packages[location] = {
      version: manifest.version,
      resolved: `file:${file}`,
      integrity: sri(bytes),
      ...(own === undefined ? {} : { dependencies: own }),
      ...(optionalDependencies === undefined ? {} : { optionalDependencies }),
      ...(bin === undefined ? {} : { bin }),
      ...lock,
    };
    if (location !== `node_modules/${manifest.name}`) continue;
    const group =
      lock['dev'] === true
        ? 'devDependencies'
        : lock['optional'] === true
          ? 'optionalDependencies'
          : 'dependencies';
    (dependencies[group] as Record<string, string>)[manifest.name] = `file:${file}`;
  }
  const root = { name: 'app', version: '1.0.0', ...dependencies, ...project.manifest };
  const lock = {
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': root, ...packages, ...project.lockPackages },
  };
  await write(join(directory, 'package.json'), JSON.stringify(root));
  await write(join(directory, 'package-lock.json'), JSON.stringify(lock));
  for (const [path, text] of Object.entries(project.files ?? {})) await write(join(directory, path), text);
}

/** Plans and collects the project of the context. */
export async function collectProject(
  context: EcosystemContext,
): Promise<{ readonly plan: EcosystemPlan; readonly collected: CollectedUnits }> {
  const plan = await createNpmEcosystem().plan(context);
  return { plan, collected: await plan.collectUnits() };
}

/** All entries of the collected units: kind, mode and content by path. */
export function treeOf(
  context: ContextDouble,
  collected: Pick<CollectedUnits, 'units'>,
): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const { content } of collected.units) {
    for (const entry of context.cache.readUnit(content)) {
      if (entry.path in tree) throw new Error(`two units hold ${entry.path}`);
      if (entry.kind === 'directory') tree[entry.path] = 'directory';
      else if (entry.kind === 'symlink') tree[entry.path] = `-> ${entry.linkTarget}`;
      else {
        const text = Buffer.from(entry.readSync(0, entry.sizeBytes)).toString();
        tree[entry.path] = entry.executable ? `*${text}` : text;
      }
    }
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
