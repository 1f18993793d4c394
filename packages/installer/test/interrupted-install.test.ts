// kill -9 at random instants, several installers at once, a full disk: what is there afterwards is judged from
// outside, without the installer's own code.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SILENT_PROGRESS } from '@salver/core';
import type { Progress } from '@salver/core';
import { rollbackRelease, verifyRelease } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles, MadeArtifact } from '@salver/testing';
import { fillDisk, mountProblem, withSmallDisk } from './small-disk.js';
import { install, makeTempDir, snapshot, withCode } from './test-root.js';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const KILLS = 30;

function version(number: number): Promise<MadeArtifact> {
  const files: Record<string, ArtifactFiles[string]> = {
    'server.js': `${number}`,
    uploads: { directory: true },
  };
  for (let index = 0; index < 150; index += 1)
    files[`lib/${index % 20}/module-${index}.js`] = `${index}`.repeat(500);
  for (let index = 0; index < 30; index += 1) files[`src/${index}.js`] = `${number} ${index}`.repeat(500);
  files['lib/big.bin'] = Buffer.alloc(600_000, number);
  return makeArtifact(files, { version: `1.0.${number}`, host: { shared: ['uploads'] }, unitPaths: ['lib'] });
}

/** A program that installs the artifact at argv[1] into the root at argv[2] and prints the result. */
function writeProgram(directory: string): string {
  const program = join(directory, 'install.mjs');
  writeFileSync(
    program,
    `import { openSync, fstatSync, readSync } from 'node:fs';
    import { installRelease } from '${DIST}/index.js';
    const fd = openSync(process.argv[2], 'r');
    const source = {
      description: 'artifact',
      sizeBytes: fstatSync(fd).size,
      readSync: (offset, length) => { const b = Buffer.alloc(length); readSync(fd, b, 0, length, offset); return b; },
      close: () => undefined,
    };
    console.log('starting');
    try {
      const result = await installRelease({ root: process.argv[3], source, durability: 'none' });
      console.log(JSON.stringify(result));
    } catch (error) {
      console.log(error.code ?? error.stack);
      process.exitCode = 1;
    }`,
  );
  return program;
}

test(`after kill -9 at ${KILLS} random instants, current is whole and the next run succeeds`, async (context) => {
  const directory = makeTempDir(context);
  const root = join(directory, 'root');
  const program = writeProgram(directory);
  const artifacts = [await version(1), await version(2)] as const;
  const expected = new Map<string, Record<string, string>>();
  for (const [index, artifact] of artifacts.entries()) {
    writeFileSync(join(directory, `${index}.tar.gz`), artifact.bytes);
    const fresh = join(directory, `fresh-${index}`);
    const { release } = await install(fresh, artifact);
    expected.set(release, snapshot(join(fresh, 'releases', release)));
  }
  const spanMs = await timeWholeRun(program, join(directory, '1.tar.gz'), join(directory, 'timed'));
  await install(root, artifacts[0]);
  let killed = 0;
  let switched = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const wanted = (round + 1) % 2;
    const before = readlinkSync(join(root, 'current'));
    const child = spawn(process.execPath, [program, join(directory, `${wanted}.tar.gz`), root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const closed = once(child, 'close');
    // Spread evenly over a little more than the time an installation takes here.
    await delay((spanMs * 1.1 * ((round * 7) % KILLS)) / KILLS);
    child.kill('SIGKILL');
    await closed;
    killed += child.signalCode === 'SIGKILL' ? 1 : 0;
    const after = readlinkSync(join(root, 'current'));
    switched += after === before ? 0 : 1;
    assert.ok([before, `releases/${releaseName(artifacts[wanted as 0 | 1])}`].includes(after), after);
    for (const release of readdirSync(join(root, 'releases'))) {
      assert.deepEqual(snapshot(join(root, 'releases', release)), expected.get(release), `round ${round}`);
    }
    const result = await install(root, artifacts[wanted as 0 | 1]);
    assert.equal(readlinkSync(join(root, 'current')), `releases/${result.release}`);
    assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
    await verifyRelease({ root });
    // So that the next round has to unpack again.
    const other = releaseName(artifacts[(1 - wanted) as 0 | 1]);
    rmSync(join(root, 'releases', other), { recursive: true, force: true });
  }
  context.diagnostic(`${killed} of ${KILLS} were killed before they had ended, ${switched} had switched`);
  assert.ok(killed > 0);
  assert.deepEqual(readdirSync(root).sort(), ['.salver', 'current', 'previous', 'releases', 'shared']);
});

/** Milliseconds from the start of an installation to its end. */
async function timeWholeRun(program: string, artifact: string, root: string): Promise<number> {
  const child = spawn(process.execPath, [program, artifact, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const start = performance.now();
  await once(child, 'close');
  return performance.now() - start;
}

function releaseName(artifact: MadeArtifact): string {
  return `${artifact.manifest.version}-${artifact.id.slice(0, 12)}`;
}

test('what dead runs left is cleared away by the next one', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const before = snapshot(root);
  mkdirSync(join(root, '.salver/staging/tx-dead/tree'), { recursive: true });
  writeFileSync(join(root, '.salver/staging/tx-dead/tree/file'), 'x');
  writeFileSync(join(root, '.salver/records/1.0.9-0123456789ab.jsonl'), '{}');
  writeFileSync(join(root, '.salver/records/1.0.9-0123456789ab.jsonl.unfinished'), '{');
  writeFileSync(join(root, '.salver-link-1'), '');
  await assert.rejects(rollbackRelease({ root }), withCode('E_NOTHING_TO_ROLL_BACK'));
  assert.deepEqual(snapshot(root), before);
});

test('of several installers at once, one works and the others say who holds the lock', async (context) => {
  const directory = makeTempDir(context);
  const root = join(directory, 'root');
  const program = writeProgram(directory);
  const artifacts = await Promise.all([1, 2, 3, 4].map(version));
  const runs = artifacts.map(async (artifact, index) => {
    const path = join(directory, `${index}.tar.gz`);
    writeFileSync(path, artifact.bytes);
    const child = spawn(process.execPath, [program, path, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    await once(child, 'close');
    return { release: releaseName(artifact), done: child.exitCode === 0, out };
  });
  const results = await Promise.all(runs);
  const done = results.filter((result) => result.done);
  assert.ok(done.length >= 1);
  for (const result of results) if (!result.done) assert.match(result.out, /E_LOCK_HELD/);
  const current = readlinkSync(join(root, 'current')).slice('releases/'.length);
  assert.ok(done.some((result) => result.release === current));
  assert.deepEqual(readdirSync(join(root, 'releases')).sort(), done.map((result) => result.release).sort());
  await verifyRelease({ root });
});

test(
  'a disk that fills up while unpacking stops the installation; a rollback still works',
  { skip: mountProblem },
  async (context) => {
    const root = join(makeTempDir(context), 'disk');
    await withSmallDisk(root, 'size=12m', async () => {
      const first = await install(root, await version(1));
      const second = await install(root, await version(2));
      const before = snapshot(join(root, 'releases'));
      const filler: Progress = {
        ...SILENT_PROGRESS,
        step: (name) => {
          if (name === 'unpacking') fillDisk(join(root, 'filler'));
          return SILENT_PROGRESS.step(name);
        },
      };
      await assert.rejects(install(root, await version(3), { progress: filler }), withCode('E_DISK_FULL'));
      assert.deepEqual(snapshot(join(root, 'releases')), before);
      assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
      fillDisk(join(root, 'filler-2'));
      const back = await rollbackRelease({ root });
      assert.equal(back.release, first.release);
      assert.equal(readlinkSync(join(root, 'current')), `releases/${first.release}`);
      assert.ok(existsSync(join(root, 'releases', second.release)));
    });
  },
);

test('too little room is said before anything is written', { skip: mountProblem }, async (context) => {
  const root = join(makeTempDir(context), 'disk');
  for (const options of ['size=1m', 'size=20m,nr_inodes=100']) {
    await withSmallDisk(root, options, async () => {
      await assert.rejects(install(root, await version(1)), withCode('E_NO_SPACE'), options);
      assert.deepEqual(readdirSync(join(root, 'releases')), []);
      assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
    });
  }
});
