// Archives made to exhaust a reader, through the built program, each in a process of its own whose memory and time
// are measured; and what install.sh, which trusts the builder, makes of the hostile archives.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installScript } from '@salver/installer';
import { hostileClasses, makeArtifact } from '@salver/testing';
import type { HostileCase } from '@salver/testing';
import { listTree, runJson, runProgram, startCommand } from './product-harness.js';
import { printedError } from './refusal.js';

const RSS_MAX_MIB = 256;
const WALL_MAX_MS = 10_000;

let temp: string;
let root: string;

before(async () => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  root = join(temp, 'area/root');
  mkdirSync(join(temp, 'area'));
  writeFileSync(join(temp, 'area/sentinel'), 'untouched');
  writeFileSync(join(temp, 'running.tar.gz'), (await makeArtifact({ 'server.js': 'running' })).bytes);
  await runJson('salver-host', ['install', join(temp, 'running.tar.gz'), '--root', root]);
  // At its end the program writes down how much memory it had at most.
  writeFileSync(
    join(temp, 'measure.mjs'),
    // VmHWM begins anew with each program; what getrusage says includes the parent's memory at the time of the fork.
    `import { readFileSync, writeFileSync } from 'node:fs';
     process.on('exit', () => {
       const kibibytes = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
       writeFileSync(process.env.RSS_FILE, kibibytes);
     });`,
  );
});

after(() => rmSync(temp, { recursive: true, force: true }));

for (const { cases } of hostileClasses) {
  for (const hostile of cases.filter(({ isBomb }) => isBomb === true)) {
    test(`refuses ${hostile.name} within ${RSS_MAX_MIB} MiB and ${WALL_MAX_MS / 1000} s`, (context) =>
      checkBomb(hostile, (text) => context.diagnostic(text)));
  }
}

async function checkBomb({ name, verdict, make }: HostileCase, tell: (text: string) => void): Promise<void> {
  assert.ok('refused' in verdict);
  const artifact = join(temp, 'bomb.tar.gz');
  const rssFile = join(temp, 'rss');
  writeFileSync(artifact, make());
  const state = listTree(join(temp, 'area'));
  const result = await runProgram('salver-host', ['install', artifact, '--root', root, '--json'], {
    env: { NODE_OPTIONS: `--import=${join(temp, 'measure.mjs')}`, RSS_FILE: rssFile },
    timeoutMs: 60_000,
  });
  assert.equal(result.signal, null, 'it does not hang');
  assert.equal(printedError(result).code, verdict.refused);
  const rssMiB = Number(readFileSync(rssFile, 'utf8')) / 1024;
  tell(`${Math.round(rssMiB)} MiB, ${Math.round(result.wallMs)} ms: ${name}`);
  assert.deepEqual(listTree(join(temp, 'area')), state);
  assert.ok(rssMiB < RSS_MAX_MIB, `${Math.round(rssMiB)} MiB`);
  assert.ok(result.wallMs < WALL_MAX_MS, `${Math.round(result.wallMs)} ms`);
}

/** install.sh trusts who built the artifact; these classes it refuses all the same, whole. */
const REFUSED_BY_SCRIPT = new Set(['absolute paths', 'hard links', 'devices and fifos']);
/** Classes that try to write outside: tar must keep them in, whatever it makes of them. */
const KEPT_IN_BY_SCRIPT = new Set([
  ...REFUSED_BY_SCRIPT,
  'paths with ..',
  'symlink, then write through it',
  'symlink chains',
]);

test('install.sh lets nothing out of the root, and refuses what it promises to', async (context) => {
  const area = join(temp, 'script');
  const script = join(temp, 'install.sh');
  writeFileSync(script, installScript);
  for (const { name: className, cases } of hostileClasses.filter(({ name }) => KEPT_IN_BY_SCRIPT.has(name))) {
    let refused = 0;
    const hostile = cases.filter(({ verdict }) => 'refused' in verdict);
    for (const { name, make } of hostile) {
      mkdirSync(join(area, 'outside'), { recursive: true });
      writeFileSync(join(area, 'sentinel'), 'untouched');
      writeFileSync(join(temp, 'hostile.tar.gz'), make());
      const { ended } = startCommand('sh', [script, join(temp, 'hostile.tar.gz'), join(area, 'root')]);
      const { status } = await ended;
      if (status !== 0) refused += 1;
      assert.equal(readFileSync(join(area, 'sentinel'), 'utf8'), 'untouched', name);
      assert.deepEqual(readdirSync(join(area, 'outside')), [], name);
      assert.deepEqual(
        readdirSync(area)
          .filter((left) => left !== 'root')
          .sort(),
        ['outside', 'sentinel'],
        name,
      );
      rmSync(area, { recursive: true, force: true });
    }
    context.diagnostic(`${className}: install.sh refuses ${refused} of ${hostile.length}`);
    if (REFUSED_BY_SCRIPT.has(className)) assert.equal(refused, hostile.length, className);
  }
});
