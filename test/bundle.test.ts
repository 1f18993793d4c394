// What is in the bundles. The program for hosts must hold no builder, and both must stay cheap to start: what a
// command does not need is not evaluated.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const CLI = join(import.meta.dirname, '..', 'packages', 'cli');
const PROGRAMS = ['salver', 'salver-host'];

interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<
    Record<string, { readonly bytes: number; readonly imports: readonly { readonly path: string }[] }>
  >;
}

function metafileOf(program: string): Metafile {
  return JSON.parse(readFileSync(join(CLI, 'bundle', `${program}.meta.json`), 'utf8')) as Metafile;
}

/** Libraries that the packages for hosts declare. */
function hostLibraries(): ReadonlySet<string> {
  const declared = ['core', 'installer', 'stores', 'trust'].flatMap((name) => {
    const text = readFileSync(join(CLI, '..', name, 'package.json'), 'utf8');
    return Object.keys((JSON.parse(text) as { dependencies?: object }).dependencies ?? {});
  });
  return new Set(declared);
}

test('the host bundle holds no builder code, and no library that the packages for hosts do not declare', () => {
  const inputs = Object.keys(metafileOf('salver-host').inputs);
  assert.ok(
    inputs.includes('packages/installer/dist/install-release.js'),
    'the list of inputs is not what it was',
  );
  assert.deepEqual(
    inputs.filter((input) => /^packages\/(builder|ecosystem-[a-z]+|testing)\//.test(input)),
    [],
  );
  assert.deepEqual(
    inputs.filter((input) => {
      const library = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      return library !== undefined && !hostLibraries().has(library);
    }),
    [],
  );
});

/** A host program larger than this has taken in something it should not have. */
const HOST_BUNDLE_BYTES_MAX = 520_000;

test('each bundle is one file, and the one for hosts is small', () => {
  for (const program of PROGRAMS) assert.equal(Object.keys(metafileOf(program).outputs).length, 1);
  const [output] = Object.values(metafileOf('salver-host').outputs);
  assert.ok((output?.bytes ?? Infinity) < HOST_BUNDLE_BYTES_MAX, `${output?.bytes} bytes`);
});

test('nothing but the module loader is imported statically', () => {
  for (const program of PROGRAMS) {
    const text = readFileSync(join(CLI, 'bundle', `${program}.mjs`), 'utf8');
    const imports = [...text.matchAll(/(?:^|;)import\s*(?:[^'"();]*from\s*)?["']([^"']+)["']/gm)];
    assert.deepEqual(
      imports.map((match) => match[1]),
      ['node:module'],
      program,
    );
  }
});

/** Modules of Node that a run of Node has loaded when it ends. */
function loadedModules(...args: readonly string[]): readonly string[] {
  const list = `process.on('exit', () => console.error(JSON.stringify(process.moduleLoadList)))`;
  const importing = ['--import', `data:text/javascript,${encodeURIComponent(list)}`];
  const { stderr } = spawnSync(process.execPath, [...importing, ...args], { encoding: 'utf8' });
  return JSON.parse(stderr) as readonly string[];
}

const COSTLY = ['crypto', 'zlib', 'http', 'https', 'tls', 'child_process', 'worker_threads'];

test('starting a program loads none of the costly modules of Node', () => {
  const bare = loadedModules('--input-type=module', '--eval', 'import "node:module"');
  for (const program of PROGRAMS) {
    const loaded = loadedModules(join(CLI, 'bundle', `${program}.mjs`), '--version');
    assert.deepEqual(
      COSTLY.map((name) => `NativeModule ${name}`).filter(
        (name) => loaded.includes(name) && !bare.includes(name),
      ),
      [],
      program,
    );
  }
});
