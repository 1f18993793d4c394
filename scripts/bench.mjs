// `npm run bench`: Salver beside its peers in one run, as ratios (DESIGN 9 has the budgets).
// Groups: build, install, fetch, native, python (the longest: it compiles with every peer; --quick leaves it out), start.
// Options: --quick (fewer rounds, the medium app only), --only GROUP[,GROUP], --size medium|large, --rounds N,
// --json FILE, --keep (leave the working directory).
// Every round uses fresh directories; nothing is deleted before all rounds are over, because a mass delete
// slows whatever runs after it. `ours` and `peer` are medians in milliseconds (or bytes, for sizes);
// `ratio` is the median of the ratios of each round.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareApp } from './bench/apps.mjs';
import { benchBuild } from './bench/build.mjs';
import { benchFetch } from './bench/fetch.mjs';
import { benchInstall } from './bench/install.mjs';
import { printRows } from './bench/measure.mjs';
import { benchNative } from './bench/native.mjs';
import { benchPython } from './bench/python.mjs';
import { benchStart } from './bench/start.mjs';

const GROUPS = ['build', 'install', 'fetch', 'native', 'python', 'start'];

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    size: { type: 'string' },
    json: { type: 'string' },
    rounds: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const usual = options.quick ? GROUPS.filter((group) => group !== 'python') : GROUPS;
const wanted = options.only === undefined ? usual : options.only.split(',');
const unknown = wanted.filter((group) => !GROUPS.includes(group));
if (unknown.length > 0) {
  console.error(`error: no such group: ${unknown.join(', ')}; there are ${GROUPS.join(', ')}`);
  process.exit(2);
}
const sizes =
  options.size === undefined ? (options.quick ? ['medium'] : ['medium', 'large']) : [options.size];
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const directory = mkdtempSync(join(process.env.SALVER_BENCH_DIR ?? tmpdir(), 'salver-bench-'));
const rows = [];
try {
  for (const size of sizes) {
    if (!wanted.includes('build') && !wanted.includes('install')) break;
    const app = await prepareApp(directory, size);
    const context = { app, directory, rounds, size };
    if (wanted.includes('build')) rows.push(...(await benchBuild(context)));
    if (wanted.includes('install')) rows.push(...(await benchInstall(context)));
  }
  if (wanted.includes('fetch')) rows.push(...(await benchFetch({ directory, rounds })));
  if (wanted.includes('native')) rows.push(...(await benchNative({ directory, rounds })));
  if (wanted.includes('python')) rows.push(...(await benchPython({ directory, rounds })));
  if (wanted.includes('start')) rows.push(...(await benchStart({ directory, rounds: rounds * 6 })));
  printRows(rows);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ schemaVersion: 1, rows }, null, 2)}\n`);
} finally {
  if (options.keep) console.error(`kept ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
}
