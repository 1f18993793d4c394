// Archives made to exhaust a reader, through the built program, each in a process of its own whose memory and time
// are measured; and what install.sh, which trusts the builder, makes of the hostile archives.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostileClasses, makeArtifact } from '@salver/testing';
import type { HostileCase } from '@salver/testing';
import { listTree, runJson, runProgram } from './product-harness.js';
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
