import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { createManagerEcosystems, createNpmEcosystem } from '../../dist/index.js';
import { selectManager } from '../../dist/managers/select-manager.js';

type Files = Readonly<Record<string, string>>;

function withProject<T>(files: Files, work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'salver-select-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const pinned = (packageManager: string): string => JSON.stringify({ packageManager });
const BERRY_LOCK = '# This file is generated\n\n__metadata:\n  version: 8\n';

const CASES: readonly (readonly [string, Files, string | undefined, string | undefined])[] = [
  ['a directory without package.json', {}, undefined, undefined],
  ['package.json alone', { 'package.json': '{}' }, 'npm', 'package.json'],
  ['both locks of npm', { 'package-lock.json': '', 'npm-shrinkwrap.json': '' }, 'npm', 'npm-shrinkwrap.json'],
  ['the lock of pnpm', { 'package.json': '{}', 'pnpm-lock.yaml': '' }, 'pnpm', 'pnpm-lock.yaml'],
  ['the lock of yarn 1', { 'yarn.lock': '# yarn lockfile v1\n' }, 'yarn-classic', 'yarn.lock'],
  ['the lock of yarn 4', { 'yarn.lock': BERRY_LOCK }, 'yarn-berry', 'yarn.lock'],
  ['both locks of bun', { 'bun.lock': '', 'bun.lockb': '' }, 'bun', 'bun.lock'],
  [
    'a pin',
    { 'package.json': pinned('pnpm@9.1.0'), 'package-lock.json': '', 'pnpm-lock.yaml': '' },
    'pnpm',
    'pnpm-lock.yaml',
  ],
  [
    'a pin without its lock',
    { 'package.json': pinned('pnpm@9.1.0'), 'package-lock.json': '' },
    'pnpm',
    'package.json',
  ],
  [
    'a pin of npm',
    { 'package.json': pinned('npm@10.0.0'), 'yarn.lock': '', 'package-lock.json': '' },
    'npm',
    'package-lock.json',
  ],
  [
    'a pin of yarn 1',
    { 'package.json': pinned('yarn@1.22.22'), 'yarn.lock': '' },
    'yarn-classic',
    'yarn.lock',
  ],
  ['a pin of yarn 3', { 'package.json': pinned('yarn@3.8.0'), 'yarn.lock': '' }, 'yarn-berry', 'yarn.lock'],
];

for (const [name, files, id, evidence] of CASES) {
  test(`${name}: ${id ?? 'no Node project'}`, () => {
    withProject(files, (directory) => {
      const selected = selectManager(directory);
      assert.equal(selected?.id, id);
      assert.equal(selected?.evidence, evidence);
    });
  });
}

test('refuses the locks of two managers when nothing is pinned', () => {
  withProject({ 'package.json': '{}', 'package-lock.json': '', 'yarn.lock': '' }, (directory) => {
    assert.throws(
      () => selectManager(directory),
      (error) =>
        isSalverError(error, 'E_CONFIG_INVALID') && /package-lock\.json and yarn\.lock/.test(error.message),
    );
  });
});

test('exactly one ecosystem feels responsible', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'salver-select-'));
  try {
    writeFileSync(join(directory, 'package.json'), '{}');
    writeFileSync(join(directory, 'yarn.lock'), BERRY_LOCK);
    const responsible: string[] = [];
    for (const ecosystem of [createNpmEcosystem(), ...createManagerEcosystems()]) {
      if ((await ecosystem.detect({ projectDir: directory, python: {} })) !== undefined)
        responsible.push(ecosystem.name);
    }
    assert.deepEqual(responsible, ['yarn-berry']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
