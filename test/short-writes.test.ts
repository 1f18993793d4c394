// The system may take less of a write than it was given. An operation must get to the same end when it
// always does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFaultBench } from './faults/fault-bench.js';
import { judgeEnd } from './faults/fault-oracle.js';
import { STEADY_ENV } from './faults/host-program.js';
import { prepareOperation, withCopy } from './faults/kill-campaign.js';
import { OPERATIONS } from './faults/operations.js';
import { viewRoot } from './faults/root-view.js';
import { traceSkipReason } from './faults/trace.js';
import { startCommand, workspaceDirectory } from './product-harness.js';

const SOURCE = join(workspaceDirectory, 'test/faults/short-write.c');
/** Bytes taken of each write: one file becomes many writes; the large one stays quick. */
const TAKEN = ['7', '4095'];
const SHORTENED = ['first install', 'update with every hook', 'rollback', 'install that fails its check'];

let bench: Awaited<ReturnType<typeof makeFaultBench>>;
let library = '';

const skip = traceSkipReason !== false ? traceSkipReason : compilerSkipReason();

function compilerSkipReason(): string | false {
  try {
    execFileSync('cc', ['--version'], { stdio: 'pipe' });
    return process.platform === 'linux' ? false : 'preloading a library is done otherwise here';
  } catch {
    return 'there is no C compiler';
  }
}

before(async () => {
  bench = await makeFaultBench({ parts: 3, largeBytes: 20_000 });
  if (skip !== false) return;
  library = join(bench.directory, 'short-write.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
});
after(() => bench.remove());

for (const operation of OPERATIONS.filter(({ name }) => SHORTENED.includes(name))) {
  test(`when no write is taken whole: ${operation.name}`, { skip }, async () => {
    const prepared = await prepareOperation(bench, operation);
    for (const taken of TAKEN) {
      await withCopy(prepared, async (root) => {
        const env = { ...STEADY_ENV, LD_PRELOAD: library, SHORT_WRITE_BELOW: root, SHORT_WRITE_MAX: taken };
        const args = [bench.bundle, ...operation.args(bench), '--root', root, '--json'];
        const result = await startCommand(process.execPath, args, { env }).ended;
        assert.deepEqual(judgeEnd(prepared.expectation, prepared.before, viewRoot(root), result), [], taken);
      });
    }
  });
}
