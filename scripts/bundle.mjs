// Bundles each program to one file: packages/cli/bundle/salver.mjs and salver-host.mjs, with a metafile beside
// each that says what went in (test/bundle.test.ts reads it), and the client for S3 to a third, aws-sdk.mjs.
//
// Modules behind `await import()` stay in the same file but are not evaluated before they are imported: esbuild
// wraps them. Static imports of Node's own modules would be hoisted out of those wrappers and cost start time in
// every run, so they become calls of `require`, which stay where they are.
// Usage: node scripts/bundle.mjs [PROGRAM]...   (after `tsc -b`)
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const PACKAGES = join(import.meta.dirname, '..', 'packages');
const CLI = join(PACKAGES, 'cli');
const PROGRAMS = process.argv.length > 2 ? process.argv.slice(2) : ['salver', 'salver-host'];

/** CommonJS dependencies and the built-in modules below need a `require` in the bundle's scope. */
const BANNER = `import { createRequire as salverCreateRequire } from 'node:module';
const require = salverCreateRequire(import.meta.url);`;

/** Collections of functions that are never called as methods of what is imported. */
const PLAIN_BUILTINS = ['crypto', 'fs', 'os', 'path', 'util', 'zlib'];

const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(context) {
    context.onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path) || kind === 'require-call') return undefined;
      return { path, namespace: 'lazy-builtin', sideEffects: false };
    });
    context.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => {
      const module = `require(${JSON.stringify(path)})`;
      // esbuild copies each own property for each file that imports the module, some thousand in all and 10 ms;
      // inherited ones it leaves where they are.
      const isPlain = PLAIN_BUILTINS.includes(path.replace('node:', ''));
      return { contents: `module.exports = ${isPlain ? `Object.create(${module})` : module};`, loader: 'js' };
    });
  },
};

const EXPORT_FROM = /export (?:\{ ([^}]+) \}|\* as (\w+)) from '\.\/([^']+)';/g;

function splitNames(list) {
  return list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

/** Exported name -> module, from the compiled index of one of our packages, which holds nothing but `export … from`. */
function readIndex(directory) {
  const modules = new Map();
  const index = readFileSync(join(directory, 'index.js'), 'utf8');
  for (const [, names, namespace, file] of index.matchAll(EXPORT_FROM)) {
    const module = join(directory, file);
    if (namespace !== undefined) modules.set(namespace, { module, clause: `* as ${namespace}` });
    for (const name of splitNames(names ?? '')) modules.set(name, { module, clause: `{ ${name} }` });
  }
  return modules;
}

/**
 * Imports from one of our packages become imports from the modules behind its index. An index would load its whole
 * package, and with it modules of Node that the command at hand has no use for.
 */
const throughIndexes = {
  name: 'through-indexes',
  setup(context) {
    const indexes = new Map();
    const resolveName = (name, from) => {
      const directory = join(PACKAGES, from, 'dist');
      if (!indexes.has(from)) indexes.set(from, readIndex(directory));
      const found = indexes.get(from).get(name);
      if (found === undefined) throw new Error(`@salver/${from} does not export ${name}`);
      return `import ${found.clause} from ${JSON.stringify(found.module)};`;
    };
    context.onLoad({ filter: /[\\/]packages[\\/][a-z-]+[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      // On one line, so that lines keep their numbers.
      const contents = source.replace(
        /^import \{ ([^}]+) \} from '@salver\/([a-z-]+)';$/gm,
        (_all, names, from) =>
          splitNames(names)
            .map((name) => resolveName(name, from))
            .join(' '),
      );
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/** The client for S3, several times as large as all the rest: a file of its own, which only s3:// loads. */
const SDK = 'aws-sdk';

const sdkApart = {
  name: 'sdk-apart',
  setup(context) {
    context.onResolve({ filter: /\/aws-sdk\.js$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${SDK}.mjs`, external: true } : undefined,
    );
  },
};

async function bundleSdk() {
  const { metafile } = await build({
    entryPoints: [join(PACKAGES, 'stores', 'dist', `${SDK}.js`)],
    outfile: join(CLI, 'bundle', `${SDK}.mjs`),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    banner: { js: BANNER },
    metafile: true,
    logLevel: 'warning',
    logLimit: 5,
    absWorkingDir: join(CLI, '..', '..'),
  });
  writeFileSync(join(CLI, 'bundle', `${SDK}.meta.json`), JSON.stringify(metafile));
}

async function bundle(program) {
  const { metafile } = await build({
    entryPoints: [join(CLI, 'dist', `${program}-main.js`)],
    outfile: join(CLI, 'bundle', `${program}.mjs`),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Names stay readable in stacks; only white space goes.
    minifyWhitespace: true,
    banner: { js: BANNER },
    // npm's fetch library asks for it in a try block, for pages in old encodings: half a megabyte of tables.
    external: ['iconv-lite'],
    plugins: [sdkApart, lazyBuiltins, throughIndexes],
    metafile: true,
    logLevel: 'warning',
    logLimit: 5,
    absWorkingDir: join(CLI, '..', '..'),
  });
  writeFileSync(join(CLI, 'bundle', `${program}.meta.json`), JSON.stringify(metafile));
}

mkdirSync(join(CLI, 'bundle'), { recursive: true });
try {
  for (const program of PROGRAMS) await bundle(program);
  await bundleSdk();
} catch (error) {
  // esbuild has printed what is wrong.
  if (error.errors === undefined) throw error;
  process.exitCode = 1;
}
