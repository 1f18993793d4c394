// Runs compiled tests: node scripts/run-tests.mjs unit|product|deep [PART OF A PATH]...
//
// unit     packages/*/test, and the checks of the house in test/ that only read files
// product  the rest of test/: they run the built programs
// deep     files named *.deep.test.ts, wherever they are: long runs for a release
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const PACKAGES = join(ROOT, 'packages');
/** Test files in test/ that start no program. */
const HOUSE_TESTS = ['architecture.test.js', 'bundle.test.js', 'errors-documented.test.js'];
/** Processes at a time: more would disturb tests that measure or race on purpose. */
const CONCURRENCY = 2;

const [kind, ...parts] = process.argv.slice(2);
if (!['unit', 'product', 'deep'].includes(kind)) {
  console.error('usage: node scripts/run-tests.mjs unit|product|deep [PART OF A PATH]...');
  process.exit(2);
}

/** Compiled tests of a folder whose source still exists: the compiler leaves those of deleted sources behind. */
function compiledTests(folder) {
  const compiled = join(folder, 'dist-test');
  if (!existsSync(compiled)) return [];
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => existsSync(join(folder, 'test', name.replace(/\.js$/, '.ts'))))
    .map((name) => join(compiled, name));
}

const ofPackages = readdirSync(PACKAGES).flatMap((name) => compiledTests(join(PACKAGES, name)));
const ofHouse = compiledTests(ROOT);
const isDeep = (file) => file.endsWith('.deep.test.js');
const isHouse = (file) => HOUSE_TESTS.some((name) => file === join(ROOT, 'dist-test', name));

const byKind = {
  unit: [...ofPackages, ...ofHouse.filter(isHouse)].filter((file) => !isDeep(file)),
  product: ofHouse.filter((file) => !isHouse(file) && !isDeep(file)),
  deep: [...ofPackages, ...ofHouse].filter(isDeep),
};
const files = byKind[kind]
  .map((file) => relative(ROOT, file))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no compiled ${kind} tests: run \`npm run build\` first`);
  process.exit(1);
}

// Product tests share what npm has downloaded: the registry is asked for each tarball once per run.
const downloads = mkdtempSync(join(tmpdir(), 'salver-downloads-'));
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-reporter=${join(import.meta.dirname, 'test-reporter.mjs')}`,
    ...files,
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { SALVER_TEST_CACHE: downloads, SALVER_TEST_DEEP: kind === 'deep' ? '1' : '', ...process.env },
  },
);
rmSync(downloads, { recursive: true, force: true });
process.exit(status ?? 1);
