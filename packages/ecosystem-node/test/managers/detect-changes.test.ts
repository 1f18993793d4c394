// What a build changed in a tree that a manager installed with development packages.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { CollectedUnit } from '@salver/core';
import { detectManagedChanges, snapshotModules } from '../../dist/managers/detect-changes.js';
import { finishLinks, finishPackage } from '../../dist/managers/finish-modules.js';
import { pnpm } from '../../dist/managers/pnpm.js';
import { readManagerProject } from '../../dist/managers/read-project.js';
import { walkModules } from '../../dist/managers/walk-modules.js';
import { withContext } from '../context-double.js';
import type { ContextDouble } from '../context-double.js';

const manifest = (name: string): string => JSON.stringify({ name, version: '1.0.0' });

function write(top: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
}

async function unitsOf(topDir: string, { cache, signal }: ContextDouble): Promise<readonly CollectedUnit[]> {
  const { packages, links } = walkModules(topDir, []);
  const units: CollectedUnit[] = [...(await finishLinks(links, { cache, topDir }))];
  for (const found of packages) {
    units.push((await finishPackage(found, { cache, topDir, signal, warn: () => undefined })).unit);
  }
  return units;
}

interface Stage {
  readonly appDir: string;
  readonly context: ContextDouble;
  readonly changes: () => Promise<readonly (readonly [string, readonly string[]])[]>;
}

/** In production `b` lies at the top; with development packages it lies nested in `a`. */
function withStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  return withContext(async (context) => {
    const { projectDir } = context;
    write(projectDir, { 'package.json': '{}', 'pnpm-lock.yaml': '' });
    const production = join(projectDir, 'production');
    write(production, {
      'node_modules/a/package.json': manifest('a'),
      'node_modules/b/package.json': manifest('b'),
    });
    const appDir = join(projectDir, 'app');
    write(appDir, {
      'node_modules/a/package.json': manifest('a'),
      'node_modules/a/node_modules/b/package.json': manifest('b'),
      'node_modules/dev/package.json': manifest('dev'),
    });
    const units = await unitsOf(production, context);
    const project = await readManagerProject(projectDir, pnpm);
    const snapshot = snapshotModules(appDir, []);
    await work({
      appDir,
      context,
      changes: async () => {
        const { changed } = await detectManagedChanges({ context, appDir, project, units, snapshot });
        return changed.map(({ path, content }) => [
          path,
          context.cache.readUnit(content).map((entry) => entry.path),
        ]);
      },
    });
  });
}

test('finds nothing when nothing was changed', () =>
  withStage(async ({ changes }) => assert.deepEqual(await changes(), [])));

test('a changed package ships changed, where it lies in production', () =>
  withStage(async ({ appDir, changes }) => {
    write(appDir, { 'node_modules/a/node_modules/b/patched.js': '' });
    appendFileSync(join(appDir, 'node_modules/a/package.json'), '\n');
    assert.deepEqual(await changes(), [
      ['node_modules/a', ['node_modules/a', 'node_modules/a/package.json']],
      ['node_modules/b', ['node_modules/b', 'node_modules/b/package.json', 'node_modules/b/patched.js']],
    ]);
  }));

test('a changed development package does not ship', () =>
  withStage(async ({ appDir, changes }) => {
    write(appDir, { 'node_modules/dev/new.js': '' });
    assert.deepEqual(await changes(), []);
  }));

test('a generated directory ships, the cache of a tool does not', () =>
  withStage(async ({ appDir, changes }) => {
    write(appDir, { 'node_modules/.prisma/client/index.js': '', 'node_modules/.cache/x': '' });
    assert.deepEqual(await changes(), [
      [
        'node_modules/.prisma',
        ['node_modules/.prisma', 'node_modules/.prisma/client', 'node_modules/.prisma/client/index.js'],
      ],
    ]);
  }));

test('what the build removed ships all the same, with a warning', () =>
  withStage(async ({ appDir, context, changes }) => {
    rmSync(join(appDir, 'node_modules/a'), { recursive: true });
    assert.deepEqual(await changes(), []);
    assert.match(context.warnings.join('\n'), /the build removed node_modules\/a;/);
  }));
