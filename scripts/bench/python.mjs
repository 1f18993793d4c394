// A Django app from lock to host, beside what others make of the same lock (python-peers.mjs): a first build with empty
// caches, builds after one changed line, the size of the file, and a full and a second installation on the target.
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SALVER, SALVER_HOST, compare, freshDirectory, interleave, run, shell } from './measure.mjs';
import { startIndex } from './python-index.mjs';
import { PEERS, fragileCompilers, lastLine, missingForCompiling, prepareTools } from './python-peers.mjs';

const APP = fileURLToPath(new URL('./locks/python', import.meta.url));
/** Each compiles everything with every contender, over the network. */
const COLD_ROUNDS_MAX = 2;
/** Nothing answers there. */
const NOWHERE = 'http://127.0.0.1:9';

/** @returns rows; none, with the reason printed, where Python or its index is missing. */
export async function benchPython({ directory, rounds }) {
  const bench = await prepare(directory);
  if (bench === undefined) return [];
  try {
    return await measure(bench, rounds);
  } finally {
    bench.index.close();
  }
}

async function measure(bench, rounds) {
  const first = await firstBuilds(bench, Math.min(rounds, COLD_ROUNDS_MAX));
  if (bench.reasons.salver !== undefined) return [];
  const second = await secondBuilds(bench, rounds);
  const offline = await proveNothingMade(bench);
  const targets = await installations(bench, rounds);
  const sizes = Object.fromEntries(
    Object.entries(bench.artifacts).map(([name, files]) => [name, [statSync(files.at(-1)).size]]),
  );
  return [
    ...rowsOf(bench, 'first build, empty caches', first),
    ...rowsOf(bench, 'second build, one line changed', second, { 'pip + tar': 1 / 20 }),
    compare(
      'python: second build, broken compiler and no network: salver / pip + tar, which has both',
      offline,
      second['pip + tar'] ?? [],
      1 / 20,
    ),
    ...rowsOf(bench, 'size of the artifact', sizes),
    ...rowsOf(bench, 'installation on the target', targets.full),
    ...rowsOf(bench, 'update on the target, one line changed', targets.update),
  ];
}

/** Tools, an index, and compilers that can be broken; undefined, with the reason printed, where one cannot be had. */
async function prepare(directory) {
  console.error('preparing the Django app and the tools of others (over the network)');
  let index;
  try {
    const tools = await prepareTools(freshDirectory(directory, 'python-tools'));
    const without = await missingForCompiling();
    if (without !== undefined) console.error(`  uwsgi and psycopg2 are left out: ${without}`);
    const { path, broken } = await fragileCompilers(freshDirectory(directory, 'compilers'));
    index = await startIndex();
    const bench = { directory, tools, index, path, broken, compiles: without === undefined };
    await fillIndex(bench);
    // By contender: why it sits out, its cache, and the files it has built.
    return { ...bench, reasons: {}, caches: {}, artifacts: {} };
  } catch (error) {
    index?.close();
    console.error(`python sits out: ${lastLine(error)}`);
    return undefined;
  }
}

/** Everything is in the index's memory before the first one asks, what pip builds with included. */
async function fillIndex(bench) {
  const lock = join(writeProject(bench, 0), 'requirements.txt');
  const into = freshDirectory(bench.directory, 'downloads');
  const args = [
    'download',
    '--quiet',
    '--no-deps',
    '--require-hashes',
    '--dest',
    into,
    '--requirement',
    lock,
  ];
  await run(join(bench.tools.bin, 'pip'), [...args, '--no-cache-dir'], { env: bench.index.env });
}

/** A fresh copy of the app; `change` is what its one changed line says. */
function writeProject({ directory, compiles }, change) {
  const project = freshDirectory(directory, 'django');
  cpSync(APP, project, { recursive: true });
  const more = join(project, 'requirements-compiled.txt');
  const lock = join(project, 'requirements.txt');
  if (compiles) writeFileSync(lock, `${readFileSync(lock, 'utf8')}${readFileSync(more, 'utf8')}`);
  rmSync(more);
  const views = join(project, 'shop/views.py');
  writeFileSync(views, readFileSync(views, 'utf8').replace('RELEASE = 0', `RELEASE = ${change}`));
  return project;
}

/** Builds with one contender and keeps the file. Resolves to milliseconds; undefined when it cannot. */
async function build(bench, name, { change, cache }) {
  if (bench.reasons[name] !== undefined) return undefined;
  try {
    const project = writeProject(bench, change);
    const output = freshDirectory(bench.directory, 'python-out');
    const { ms, artifact } =
      name === 'salver'
        ? await buildOurs(bench, { project, output, cache })
        : await buildTheirs(bench, name, { project, output, cache });
    (bench.artifacts[name] ??= []).push(artifact);
    return ms;
  } catch (error) {
    bench.reasons[name] = lastLine(error);
    console.error(`  ${name} sits out: ${String(error.message).slice(-1500)}`);
    return undefined;
  }
}

async function buildOurs({ index, path }, { project, output, cache, env }) {
  const { ms, stdout } = await run(SALVER, ['build', project, '--output', output, '--json'], {
    env: { ...index.env, SALVER_CACHE: cache, PATH: path, ...env },
  });
  return { ms, ...JSON.parse(stdout) };
}

async function buildTheirs({ tools, index }, name, { project, output, cache }) {
  const { program, build: line } = PEERS[name];
  if (tools.reasons[program] !== undefined) throw new Error(tools.reasons[program]);
  const artifact = join(output, 'app');
  const { ms } = await shell(line, {
    env: {
      ...index.env,
      PROJECT: project,
      CACHE: cache,
      ARTIFACT: artifact,
      TOOLS: tools.bin,
      PY: tools.python,
    },
  });
  return { ms, artifact };
}

/** The last caches stay: they are the warm ones afterwards. */
function firstBuilds(bench, rounds) {
  const contender = (name) => (round) => {
    bench.caches[name] = freshDirectory(bench.directory, 'python-cache');
    return build(bench, name, { change: round, cache: bench.caches[name] });
  };
  return interleave(contenders(contender), rounds, { label: 'python first', warmUp: false });
}

function secondBuilds(bench, rounds) {
  const contender = (name) => (round) =>
    build(bench, name, { change: 1000 + round, cache: bench.caches[name] });
  return interleave(contenders(contender), rounds, { label: 'python second' });
}

/** One more change, with a compiler that fails and no index; then again with both: it must be the same release. */
async function proveNothingMade(bench) {
  const cache = bench.caches.salver;
  const offline = { PIP_INDEX_URL: `${NOWHERE}/simple`, HTTPS_PROXY: NOWHERE, HTTP_PROXY: NOWHERE };
  const built = async (env) => {
    const output = freshDirectory(bench.directory, 'python-out');
    return buildOurs(bench, { project: writeProject(bench, 2000), output, cache, env });
  };
  if (bench.compiles) {
    writeFileSync(bench.broken, '');
    const works = await run('gcc', ['--version'], { env: { PATH: bench.path } }).catch(() => undefined);
    if (works !== undefined) throw new Error('the compiler is not broken, so nothing is proven');
  }
  const one = await built(offline);
  if (bench.compiles) rmSync(bench.broken);
  const other = await built({});
  for (const { compiled, downloadedBytes, id } of [one, other]) {
    if (compiled.length > 0 || downloadedBytes > 0 || id !== one.id)
      throw new Error(
        `a second build made something: ${compiled.join(', ')}, ${downloadedBytes} bytes fetched`,
      );
  }
  console.error('  second build with a broken compiler and no network: nothing compiled or fetched, same id');
  return [one.ms];
}

/** Into a fresh target, and over it the next release. */
async function installations(bench, rounds) {
  const update = {};
  const contender = (name) => async (round) => {
    if (bench.reasons[name] !== undefined) return undefined;
    const [before, after] = bench.artifacts[name].slice(-2);
    const home = freshDirectory(bench.directory, 'python-target');
    try {
      const full = await install(bench, name, { artifact: before, home });
      await run('sync', []);
      const second = await install(bench, name, { artifact: after, home });
      console.error(`  python ${name}: update ${second.toFixed(1)}`);
      if (round >= 0) (update[name] ??= []).push(second);
      return full;
    } catch (error) {
      bench.reasons[name] = lastLine(error);
      console.error(`  ${name} sits out: ${String(error.message).slice(-1500)}`);
      return undefined;
    }
  };
  const full = await interleave(contenders(contender), rounds, { label: 'python install' });
  return { full, update };
}

/** What is written is on the disk at the end: Salver syncs by itself. */
async function install({ tools }, name, { artifact, home }) {
  if (name === 'salver') {
    return (await run(SALVER_HOST, ['install', artifact, '--root', join(home, 'root'), '--json', '--quiet']))
      .ms;
  }
  const target = freshDirectory(home, 'release');
  const env = { ARTIFACT: artifact, TARGET: target, HOME_OF_TARGET: join(home, 'pex'), PY: tools.python };
  const { ms } = await shell(`(${PEERS[name].install}\n) && sync -f "$TARGET"`, { env });
  if (!existsSync(target)) throw new Error(`${name} installed nothing`);
  return ms;
}

function contenders(contender) {
  return Object.fromEntries(['salver', ...Object.keys(PEERS)].map((name) => [name, contender(name)]));
}

/** One row for each peer; one that sits out says why. */
function rowsOf({ reasons }, what, samples, budgets = {}) {
  return Object.keys(PEERS).map((peer) => {
    const reason = reasons[peer] === undefined ? '' : ` (skipped: ${reasons[peer].slice(0, 80)})`;
    const name = `python: ${what}: salver / ${peer}${reason}`;
    return compare(name, samples.salver ?? [], samples[peer] ?? [], budgets[peer]);
  });
}
