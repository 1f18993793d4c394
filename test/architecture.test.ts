// The arrows between packages, in one table: compared with each package.json, each tsconfig and each import.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const PACKAGES = join(import.meta.dirname, '..', 'packages');

/** Which packages of ours each one may import. A new package gets a row here first. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  builder: ['core'],
  installer: ['core'],
  'ecosystem-node': ['core'],
  'ecosystem-python': ['core'],
  stores: ['core'],
  trust: ['core'],
  testing: ['core'],
  cli: ['builder', 'core', 'ecosystem-node', 'ecosystem-python', 'installer', 'stores', 'trust'],
};

/** Tests of every package may use the private one as well. */
const TEST_PACKAGE = 'testing';

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function ours(dependencies: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@salver/'))
    .map((name) => name.slice('@salver/'.length))
    .sort();
}

function references(tsconfig: string): readonly string[] {
  const { references: rows = [] } = readJson(tsconfig) as { references?: readonly { path: string }[] };
  return rows.map(({ path }) => path.replace(/^(\.\.\/)+/, '')).sort();
}

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const IMPORT =
  /(?:^|[\s;])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s*['"]([^'"]+)['"]/gm;

/** All imports below a folder, type imports included. */
function importsBelow(folder: string): readonly Import[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return names.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const found = [...text.matchAll(IMPORT)].map((match) => ({
      file: join(folder, name),
      specifier: match[1] ?? match[2] ?? match[3] ?? '',
    }));
    // A program inside a template string, as tests start them, is no import of this file.
    return found.filter(({ specifier }) => !specifier.includes('${'));
  });
}

/** `@scope/name` or `name` of a specifier, without a path into the package. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

test('the table has a row for every package and no other', () => {
  const found = readdirSync(PACKAGES).filter((name) => existsSync(join(PACKAGES, name, 'package.json')));
  assert.deepEqual(found.sort(), Object.keys(ARROWS).sort());
});

for (const [name, allowed] of Object.entries(ARROWS)) {
  const folder = join(PACKAGES, name);
  const manifest = readJson(join(folder, 'package.json')) as PackageJson;

  test(`${name} depends on what the table allows, in package.json and tsconfig`, () => {
    assert.deepEqual(ours(manifest.dependencies), allowed);
    assert.deepEqual(references(join(folder, 'tsconfig.json')), allowed);
    assert.deepEqual(
      ours(manifest.devDependencies).filter((other) => other !== TEST_PACKAGE),
      [],
    );
  });

  test(`${name} imports only what it declares, and nothing behind another package's index`, () => {
    const declared = new Set(Object.keys(manifest.dependencies ?? {}));
    for (const { file, specifier } of importsBelow(join(folder, 'src'))) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) {
        const target = join(file, '..', specifier);
        assert.ok(target.startsWith(join(folder, 'src')), `${file} leaves its package: ${specifier}`);
        continue;
      }
      assert.ok(declared.has(packageOf(specifier)), `${file} imports ${specifier}, which is not declared`);
      if (specifier.startsWith('@salver/'))
        assert.equal(specifier, packageOf(specifier), `${file} imports deeply`);
    }
  });

  test(`the tests of ${name} import only what the package may use, and the private package`, () => {
    const declared = new Set([
      manifest.name,
      ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }),
    ]);
    for (const { file, specifier } of importsBelow(join(folder, 'test'))) {
      if (specifier.startsWith('node:') || specifier.startsWith('.')) continue;
      assert.ok(declared.has(packageOf(specifier)), `${file} imports ${specifier}, which is not declared`);
    }
  });
}

test('no import is missed by the pattern of this test', () => {
  const text = [
    "import a from 'one';",
    "import type { B } from 'two';",
    "import {\n  c,\n} from 'three';",
    "export { d } from 'four';",
    "export * as e from 'five';",
    "const f = await import('six');",
    "import 'seven';",
  ].join('\n');
  const found = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]);
  assert.deepEqual(found, ['one', 'two', 'three', 'four', 'five', 'six', 'seven']);
});
