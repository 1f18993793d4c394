import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { workspaceBuilds, workspaceClosure } from '../dist/workspace-graph.js';
import type { WorkspaceMember } from '../dist/workspace-graph.js';

const BUILD = { scripts: { build: 'x' } };

function member(directory: string, name: string, fields: object = {}): WorkspaceMember {
  return { directory, name, manifest: { name, ...fields } };
}

const MEMBERS: readonly WorkspaceMember[] = [
  member('apps/web', 'web', {
    ...BUILD,
    dependencies: { ui: '*', external: '1' },
    devDependencies: { tool: '*' },
  }),
  member('packages/ui', 'ui', { ...BUILD, dependencies: { base: '*' } }),
  member('packages/base', 'base', { optionalDependencies: { web: '*' } }),
  member('packages/tool', 'tool', BUILD),
  member('packages/other', 'other', BUILD),
];

test('an app needs what it reaches without development dependencies, itself first', () => {
  assert.deepEqual(workspaceClosure(MEMBERS, 'apps/web'), ['apps/web', 'packages/base', 'packages/ui']);
  assert.deepEqual(workspaceClosure(MEMBERS, 'packages/other'), ['packages/other']);
});

test('what an app needs is built before it, tools included', () => {
  assert.deepEqual(workspaceBuilds(MEMBERS, 'apps/web', 'npm run'), [
    "cd '../../packages/tool' && npm run build",
    "cd '../../packages/ui' && npm run build",
    'npm run build',
  ]);
});

test('refuses a directory that is no workspace', () => {
  assert.throws(
    () => workspaceClosure(MEMBERS, 'packages/none'),
    (error) => isSalverError(error, 'E_USAGE') && /apps\/web/.test(error.hint ?? ''),
  );
});
