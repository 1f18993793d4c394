// Makes a benchmark app: a lock of fixtures/locks plus some hundred own files, in two versions that differ as
// releases do (own modules and a rebuilt chunk), with warm caches for us and for the peers.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SALVER, run, shell } from './measure.mjs';

const LOCKS = fileURLToPath(new URL('../../fixtures/locks', import.meta.url));
const OWN_MODULES = 600;
const OWN_ASSETS = 120;

/** Deterministic text that compresses about as source code does. */
function sourceText(seed, lines) {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const word = () => (next() % 46656).toString(36);
  return Array.from(
    { length: lines },
    () => `export const ${word()} = (${word()}) => ${word()}.${word()}('${word()}');`,
  ).join('\n');
}

/** Some hundred own files. */
export function writeOwnFiles(directory) {
  for (let index = 0; index < OWN_MODULES; index += 1) {
    const folder = join(directory, 'src', `area-${index % 20}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `module-${index}.js`), sourceText(index + 1, 80));
  }
  mkdirSync(join(directory, 'public/assets'), { recursive: true });
  for (let index = 0; index < OWN_ASSETS; index += 1) {
    writeFileSync(join(directory, `public/assets/chunk-${index}.js`), sourceText(10_000 + index, 400));
  }
}

/** Changes own code as a day's work does: some modules, some chunks. `round` makes every change new. */
export function changeOwnCode(directory, round) {
  for (let index = 0; index < 20; index += 1) {
    const path = join(directory, `src/area-${index % 20}/module-${index}.js`);
    writeFileSync(path, `${sourceText(index + 1, 80)}\nexport const round = ${round};\n`);
  }
  for (let index = 0; index < 8; index += 1) {
    writeFileSync(
      join(directory, `public/assets/chunk-${index}.js`),
      sourceText(20_000 + index + round * 100, 400),
    );
  }
}

/**
 * Lays out the app and warms all caches over the network once.
 * Returns {directory, salverCache, npmCache, pnpm?} with absolute paths.
 */
export async function prepareApp(parent, size) {
  console.error(`preparing the ${size} app (fills caches over the network once)`);
  const directory = join(parent, `app-${size}`);
  cpSync(join(LOCKS, size), directory, { recursive: true });
  // The benchmark measures dependencies and own files; a build step of the app would hide both.
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  delete manifest.scripts;
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest, null, 2));
  writeOwnFiles(directory);
  const npmCache = join(parent, `npm-cache-${size}`);
  const salverCache = join(parent, `salver-cache-${size}`);
  const warm = join(parent, `warm-${size}`);
  cpSync(directory, warm, { recursive: true });
  await run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--cache', npmCache], { cwd: warm });
  await run(SALVER, ['build', directory, '--output', join(parent, `first-${size}`), '--json'], {
    env: { SALVER_CACHE: salverCache },
  });
  return { directory, npmCache, salverCache, pnpm: await preparePnpm(parent, size, directory) };
}

/** pnpm with its own store and an imported lock; undefined (with a reason) when it cannot be had. */
async function preparePnpm(parent, size, app) {
  try {
    const tools = join(parent, 'tools');
    mkdirSync(tools, { recursive: true });
    await shell(`test -x node_modules/.bin/pnpm || npm install --no-audit --no-fund --prefix . pnpm@10`, {
      cwd: tools,
    });
    const bin = join(tools, 'node_modules/.bin/pnpm');
    const project = join(parent, `pnpm-${size}`);
    cpSync(app, project, { recursive: true });
    const store = join(parent, `pnpm-store-${size}`);
    const flags = ['--prod', '--ignore-scripts', '--config.node-linker=hoisted', '--store-dir', store];
    await run(bin, ['import'], { cwd: project });
    const warm = join(parent, `pnpm-warm-${size}`);
    cpSync(project, warm, { recursive: true });
    await run(bin, ['install', '--frozen-lockfile', ...flags], { cwd: warm });
    return { bin, project, flags };
  } catch (error) {
    console.error(`  pnpm sits out: ${String(error.message).split('\n').slice(0, 3).join(' | ')}`);
    return undefined;
  }
}
