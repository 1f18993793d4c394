// A real, tiny ecosystem for tests of the builder: `deps.lock` has one `name=content` per line; each becomes a package
// with one file. It can also run builds, with sh.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, directoryEntry, fileEntry } from '@salver/core';
import type {
  BuildTree,
  CollectedUnit,
  CollectedUnits,
  Ecosystem,
  EcosystemContext,
  EcosystemPlan,
} from '@salver/core';

export interface FakeOptions {
  readonly defaultBuild?: readonly string[];
  readonly lifecycle?: string;
  /** Called whenever units are collected. */
  readonly onCollect?: () => void;
  /** Where the clean copy was. */
  readonly onLayOut?: (appDir: string) => void;
}

const LOCK = 'deps.lock';

export function fakeEcosystem(options: FakeOptions = {}): Ecosystem {
  return {
    name: 'fake',
    detect: ({ projectDir }) => Promise.resolve(existsSync(join(projectDir, LOCK)) ? LOCK : undefined),
    plan: (context) => Promise.resolve(planOf(context, options)),
  };
}

function planOf(context: EcosystemContext, options: FakeOptions): EcosystemPlan {
  const lines = readFileSync(join(context.projectDir, LOCK), 'utf8').split('\n').filter(Boolean);
  const packages = lines.map((line) => line.split('=') as [string, string]);
  return {
    lockfile: LOCK,
    requiredFiles: ['package.json', LOCK],
    defaultBuild: options.defaultBuild ?? [],
    hasLifecycle: options.lifecycle !== undefined,
    hasFinish: false,
    servesApp: false,
    ownedDirectories: ['node_modules'],
    executablePaths: ['tools/run.sh'],
    collectUnits: () => collect(packages, context, options),
    layOut: (appDir) => Promise.resolve(layOut(appDir, packages, context, options)),
  };
}

async function collect(
  packages: readonly [string, string][],
  { cache }: EcosystemContext,
  options: FakeOptions,
): Promise<CollectedUnits> {
  options.onCollect?.();
  const units: CollectedUnit[] = [];
  let cached = 0;
  const links =
    cache.findUnit('fake-links') ?? (await cache.storeUnit('fake-links', [directoryEntry('node_modules')]));
  units.push({ kind: 'npm-links', name: 'links', path: '', content: links });
  for (const [name, content] of packages) {
    const found = cache.findUnit(`${name}=${content}`);
    if (found !== undefined) cached += 1;
    units.push(await unitOf(name, content, cache));
  }
  return {
    units,
    needs: { node: { range: '>=20' } },
    packagesTotal: packages.length,
    packagesCached: cached,
    downloadedBytes: 0,
    compiled: [],
    scriptsRan: [],
    scriptsSkipped: ['a@1.0.0: postinstall'],
  };
}

async function unitOf(
  name: string,
  content: string,
  cache: EcosystemContext['cache'],
): Promise<CollectedUnit> {
  const path = `node_modules/${name}`;
  const key = `${name}=${content}`;
  const entries = [directoryEntry(path), fileEntry(`${path}/index.js`, content)];
  const finished = cache.findUnit(key) ?? (await cache.storeUnit(key, entries));
  return { kind: 'npm', name, version: '1.0.0', path, content: finished };
}

function layOut(
  appDir: string,
  packages: readonly [string, string][],
  context: EcosystemContext,
  options: FakeOptions,
): BuildTree {
  options.onLayOut?.(appDir);
  for (const [name, content] of packages) {
    mkdirSync(join(appDir, 'node_modules', name), { recursive: true });
    writeFileSync(join(appDir, 'node_modules', name, 'index.js'), content);
  }
  const run = (command: string): Promise<void> => {
    try {
      execFileSync('sh', ['-c', command], { cwd: appDir, stdio: 'pipe' });
      return Promise.resolve();
    } catch (error) {
      throw new SalverError('E_BUILD_COMMAND_FAILED', `${command} failed`, { cause: error });
    }
  };
  return {
    runLifecycle: () => run(options.lifecycle ?? 'true'),
    programDirectories: [],
    runCommand: run,
    finish: () => Promise.resolve({ migrations: [] }),
    collectChanges: async () => {
      const changed: CollectedUnit[] = [];
      const removedPaths: string[] = [];
      for (const [name, content] of packages) {
        const file = join(appDir, 'node_modules', name, 'index.js');
        const now = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
        if (now === undefined) removedPaths.push(`node_modules/${name}`);
        else if (now !== content) changed.push(await unitOf(name, now, context.cache));
      }
      return { changed, removedPaths };
    },
  };
}
