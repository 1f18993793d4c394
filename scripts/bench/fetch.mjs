// What an update moves over the network, on two pairs of releases: own code and three patch bumps, and a framework bump.
// Beside it the whole file, casync, zchunk and rsync on the very same trees. nginx serves and counts.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changeOwnCode, writeOwnFiles } from './apps.mjs';
import { SALVER, SALVER_HOST, compare, freshDirectory, interleave, run, shell } from './measure.mjs';

const LOCKS = fileURLToPath(new URL('./locks', import.meta.url));
const VERSIONS = ['v1', 'v2a', 'v2b'];

/** @returns rows for both pairs. */
export async function benchFetch({ directory, rounds }) {
  if (!has('nginx')) {
    console.error('fetch sits out: nginx is not installed');
    return [];
  }
  const served = freshDirectory(directory, 'served');
  const built = await buildAll(directory, served);
  const server = await startNginx(served, freshDirectory(directory, 'nginx'));
  try {
    const rows = [];
    const small = await comparePair({ directory, served, server, built }, 'v1', 'v2a');
    rows.push(...rowsOf('small release', small, 1.2));
    const framework = await comparePair({ directory, served, server, built }, 'v2a', 'v2b');
    rows.push(...rowsOf('framework bump', framework, 1.3));
    rows.push(await compareTimes({ directory, server, built, rounds }));
    return rows;
  } finally {
    server.stop();
  }
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Builds the three releases into a store and unpacks each, for the peers. */
async function buildAll(directory, served) {
  console.error('building three releases (fills caches over the network once)');
  const cache = join(directory, 'fetch-cache');
  const built = {};
  for (const [index, version] of VERSIONS.entries()) {
    const project = freshDirectory(directory, `project-${version}`);
    cpSync(join(LOCKS, version), project, { recursive: true });
    writeOwnFiles(project);
    // The framework bump comes with no change of our own: v2b has the code of v2a.
    if (index > 0) changeOwnCode(project, 1);
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    manifest.version = `${index + 1}.0.0`;
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, null, 2));
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
    lock.version = lock.packages[''].version = manifest.version;
    writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
    const output = freshDirectory(directory, 'out');
    const { stdout } = await run(SALVER, ['build', project, '--output', output, '--json'], {
      env: { SALVER_CACHE: cache },
    });
    const { artifact, sizeBytes } = JSON.parse(stdout);
    await run(SALVER, ['push', artifact, '--store', served, '--json']);
    const tree = freshDirectory(directory, `tree-${version}`);
    await shell('tar xzf "$A" -C "$T" --exclude=.salver', { env: { A: artifact, T: tree } });
    built[version] = { version: manifest.version, artifact, sizeBytes, tree };
  }
  return built;
}

async function comparePair(context, from, to) {
  const { directory, server, built } = context;
  const ours = await oursFor(context, from, to);
  const files = Number((await shell('find "$T" -type f | wc -l', { env: { T: built[to].tree } })).stdout);
  const peers = {
    'the whole file': { bytes: built[to].sizeBytes, requests: 1 },
    casync: await casync(directory, built[from].tree, built[to].tree),
    zchunk: await zchunk({ directory, server, served: context.served }, built[from].tree, built[to].tree),
    rsync: await rsync(directory, built[from].tree, built[to].tree),
  };
  console.error(`  ${from} -> ${to}: ${files} files, artifact ${mb(built[to].sizeBytes)}`);
  console.error(`    salver: ${mb(ours.bytes)} in ${ours.requests} requests (${ours.plan})`);
  for (const [name, peer] of Object.entries(peers)) {
    if (peer === undefined) console.error(`    ${name}: not installed`);
    else
      console.error(`    ${name}: ${mb(peer.bytes)} in ${peer.requests ?? '?'} requests${peer.note ?? ''}`);
  }
  return { ours, peers };
}

function rowsOf(pair, { ours, peers }, budget) {
  return Object.entries(peers).map(([name, peer]) =>
    compare(
      `bytes of an update, ${pair}: salver / ${name}`,
      [ours.bytes],
      peer === undefined ? [] : [peer.bytes],
      name === 'casync' ? budget : undefined,
    ),
  );
}

/** Installs one release, then updates to the next; what moved is what nginx says it sent. */
async function oursFor({ directory, server, built }, from, to) {
  const root = freshDirectory(directory, 'root');
  const install = (version, ...more) =>
    run(SALVER_HOST, [
      'install',
      `shop@${built[version].version}`,
      '--store',
      server.url,
      '--root',
      root,
      ...more,
    ]);
  await install(from, '--quiet', '--json');
  server.forget();
  const { stderr } = await install(to);
  const { bytes, requests } = server.sent();
  const plan = stderr.split('\n').find((line) => line.includes(' linked') && line.includes(' in ')) ?? '';
  return { bytes, requests, plan };
}

/** Chunks that the old tree's store lacks, and the index. */
async function casync(directory, before, after) {
  if (!has('casync')) return undefined;
  const work = freshDirectory(directory, 'casync');
  const make = (store, index, tree) =>
    shell('casync make --without=all --with=unix --store="$S" "$I" "$T" >/dev/null', {
      env: { S: join(work, store), I: join(work, index), T: tree },
    });
  await make('old.castr', 'old.caidx', before);
  await make('new.castr', 'new.caidx', after);
  const known = new Set(chunksOf(join(work, 'old.castr')).map(({ name }) => name));
  const missing = chunksOf(join(work, 'new.castr')).filter(({ name }) => !known.has(name));
  const index = statSync(join(work, 'new.caidx')).size;
  const bytes = missing.reduce((sum, { size }) => sum + size, index);
  return { bytes, requests: missing.length + 1, note: ` (index ${mb(index)})` };
}

function chunksOf(store) {
  return readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, size: statSync(join(entry.parentPath, entry.name)).size }));
}

/** Its own downloader with the old file as source; several ranges go into one of its requests. */
async function zchunk({ directory, server, served }, before, after) {
  if (!has('zck') || !has('zckdl')) return undefined;
  const work = freshDirectory(directory, 'zchunk');
  for (const [name, tree] of [
    ['old', before],
    ['new', after],
  ]) {
    await shell(
      'tar c --sort=name --mtime=@0 --owner=0 --group=0 -C "$T" . > "$F" && zck -o "$F.zck" "$F" && rm "$F"',
      {
        env: { T: tree, F: join(work, `${name}.tar`) },
      },
    );
  }
  mkdirSync(join(served, 'zchunk'), { recursive: true });
  renameSync(join(work, 'new.tar.zck'), join(served, 'zchunk/new.tar.zck'));
  server.forget();
  await run('zckdl', ['-s', join(work, 'old.tar.zck'), `${server.url}/zchunk/new.tar.zck`], { cwd: work });
  const { bytes, requests } = server.sent();
  return { bytes, requests, note: ', many ranges in each' };
}

/** Both ends on this machine; what it says it sent and received. */
async function rsync(directory, before, after) {
  if (!has('rsync')) return undefined;
  const target = freshDirectory(directory, 'rsync');
  await shell('cp -a "$B/." "$T"', { env: { B: before, T: target } });
  const { stdout } = await run('rsync', [
    '-az',
    '--checksum',
    '--no-whole-file',
    '--delete',
    '--stats',
    `${after}/`,
    `${target}/`,
  ]);
  const amount = (what) =>
    Number((new RegExp(`${what}: ([\\d,]+)`).exec(stdout)?.[1] ?? '0').replaceAll(',', ''));
  const bytes = amount('Total bytes sent') + amount('Total bytes received');
  return { bytes, requests: 1, note: ' (a live peer that has the tree)' };
}

/** Update against full installation, both over loopback HTTP. */
async function compareTimes({ directory, server, built, rounds }) {
  const install = async (root, version) => {
    const args = ['install', `shop@${built[version].version}`, '--store', server.url, '--root', root];
    return (await run(SALVER_HOST, [...args, '--json', '--quiet'])).ms;
  };
  const samples = await interleave(
    {
      full: () => install(freshDirectory(directory, 'root'), 'v2a'),
      update: async () => {
        const root = freshDirectory(directory, 'root');
        await install(root, 'v1');
        return install(root, 'v2a');
      },
    },
    rounds,
    { label: 'fetch' },
  );
  return compare(
    'update over HTTP, small release / full installation over HTTP',
    samples.update,
    samples.full,
    0.4,
  );
}

async function startNginx(root, scratch) {
  const port = await freePort();
  const config = join(scratch, 'nginx.conf');
  const log = join(scratch, 'access.log');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (n) => `${n}_temp_path ${scratch}/${n};`,
  );
  writeFileSync(
    config,
    `${process.getuid() === 0 ? 'user root;' : ''} daemon off; pid ${scratch}/pid; error_log ${scratch}/error.log;
events {} http { log_format bytes '$bytes_sent $request'; access_log ${log} bytes; ${temporary.join(' ')}
server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  const child = spawn('nginx', ['-c', config, '-p', scratch, '-e', `${scratch}/error.log`], {
    stdio: 'ignore',
  });
  await shell(
    `for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`,
  );
  let skip = 0;
  const lines = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  return {
    url: `http://127.0.0.1:${port}`,
    /** Counts from here on. */
    forget: () => (skip = lines().length),
    sent: () => {
      const own = lines().slice(skip);
      return { bytes: own.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0), requests: own.length };
    },
    stop: () => child.kill(),
  };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
