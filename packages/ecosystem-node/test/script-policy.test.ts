import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, planOf } from './project-double.js';
import type { Json } from './project-double.js';

const SHA = 'c'.repeat(40);
const LOCKED: Readonly<Record<string, Json>> = {
  'node_modules/a': entry('1.2.3', { resolved: 'https://r.test/npm/a/-/a-1.2.3.tgz' }),
  'node_modules/@s/b': entry('2.0.0', { resolved: 'https://r.test/@s/b/-/b-2.0.0.tgz' }),
  'node_modules/alias': entry('3.0.0', { name: 'real', resolved: 'https://r.test/real/-/real-3.0.0.tgz' }),
  'node_modules/bare': entry('4.0.0'),
  'node_modules/git': { version: '5.0.0', resolved: `git+ssh://git@github.com/o/git.git#${SHA}` },
  'node_modules/tar': entry('6.0.0', { resolved: 'https://x.test/tar.tgz' }),
  'node_modules/local': entry('7.0.0', { resolved: 'file:v/local.tgz' }),
};
const DEPENDENCIES = {
  a: '1',
  '@s/b': '2',
  alias: 'npm:real@3',
  bare: '4',
  git: 'github:o/git',
  tar: 'https://x.test/tar.tgz',
  local: 'file:v/local.tgz',
};

interface Case {
  readonly title: string;
  readonly rules?: Json;
  readonly settings?: Readonly<Record<string, boolean>>;
  readonly npmrc?: string;
  /** Names that are allowed and denied; all others must be undecided. */
  readonly allowed?: readonly string[];
  readonly denied?: readonly string[];
  readonly warnings?: number;
}

const ALL = Object.keys(DEPENDENCIES);

const CASES: readonly Case[] = [
  { title: 'nobody has said anything' },
  { title: 'a name allows every version', rules: { a: true, '@s/b': true }, allowed: ['a', '@s/b'] },
  { title: 'a star is the same', rules: { 'a@*': true }, allowed: ['a'] },
  { title: 'an exact version', rules: { 'a@1.2.3': true, '@s/b@1.0.0': true }, allowed: ['a'] },
  { title: 'a list of versions', rules: { 'a@1.0.0 || 1.2.3': true }, allowed: ['a'] },
  {
    title: 'ranges and tags are ignored with a warning',
    rules: { 'a@^1': true, 'bare@latest': true },
    warnings: 2,
  },
  { title: 'false denies', rules: { a: false }, denied: ['a'] },
  { title: 'a denial beats an allowance', rules: { a: true, 'a@1.2.3': false }, denied: ['a'] },
  { title: 'an alias goes by its real name', rules: { alias: true } },
  { title: 'an alias is found by its real name', rules: { real: true }, allowed: ['alias'] },
  { title: 'without resolved the name counts', rules: { bare: true }, allowed: ['bare'] },
  { title: 'without resolved no version can be allowed', rules: { 'bare@4.0.0': true } },
  { title: 'without resolved a version can be denied', rules: { 'bare@4.0.0': false }, denied: ['bare'] },
  { title: 'a name does not cover git, URLs and files', rules: { git: true, tar: true, local: true } },
  { title: 'a git repository', rules: { 'github:o/git': true }, allowed: ['git'] },
  { title: 'a git repository at a short commit', rules: { 'github:o/git#ccccccc': true }, allowed: ['git'] },
  { title: 'a git repository at another commit', rules: { 'github:o/git#ddddddd': true } },
  { title: 'a URL', rules: { 'https://x.test/tar.tgz': true }, allowed: ['tar'] },
  { title: 'a file', rules: { 'file:v/local.tgz': true }, allowed: ['local'] },
  { title: 'settings come first', rules: { a: true }, settings: { a: false }, denied: ['a'] },
  {
    title: 'settings and package.json add up',
    rules: { a: true },
    settings: { bare: true },
    allowed: ['a', 'bare'],
  },
  { title: '.npmrc counts', npmrc: 'allow-scripts=a, bare', allowed: ['a', 'bare'] },
  {
    title: '.npmrc is ignored beside package.json',
    rules: { bare: true },
    npmrc: 'allow-scripts=a',
    allowed: ['bare'],
  },
  { title: 'ignore-scripts denies all', rules: { a: true }, npmrc: 'ignore-scripts=true', denied: ALL },
  { title: 'dangerously-allow-all-scripts', npmrc: 'dangerously-allow-all-scripts=true', allowed: ALL },
  { title: 'values that are no booleans do not count', rules: { a: 'yes' } },
];

for (const { title, rules, settings, npmrc, allowed = [], denied = [], warnings = 0 } of CASES) {
  test(`allowScripts: ${title}`, async () => {
    const manifest = {
      name: 'app',
      dependencies: DEPENDENCIES,
      ...(rules === undefined ? {} : { allowScripts: rules }),
    };
    const plan = await planOf(
      { manifest, packages: LOCKED, files: { '.npmrc': npmrc ?? '' } },
      settings === undefined ? {} : { settings: { allowScripts: settings } },
    );
    const decided = (wanted: boolean): readonly string[] =>
      plan.packages
        .filter((item) => item.scriptsAllowed === wanted)
        .map((item) => item.location.slice('node_modules/'.length));
    assert.deepEqual(decided(true), [...allowed].sort());
    assert.deepEqual(decided(false), [...denied].sort());
    assert.equal(plan.warnings.length, warnings);
  });
}

test('a bundled package cannot be allowed by the name it claims', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' }, allowScripts: { b: true } },
    packages: {
      'node_modules/a': entry('1.0.0', { bundleDependencies: ['b'], dependencies: { b: '1' } }),
      'node_modules/a/node_modules/b': { version: '1.0.0', inBundle: true },
    },
  });
  assert.equal(plan.packages[1]?.scriptsAllowed, undefined);
});

test('strict-allow-scripts is handed on', async () => {
  const files = { '.npmrc': 'strict-allow-scripts=true' };
  assert.equal((await planOf({ manifest: { name: 'app' }, packages: {}, files })).strictAllowScripts, true);
});
