// A Python program written from docs/format.md alone reads what Salver writes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const GOLDEN = new URL('../fixtures/golden/', import.meta.url);
const READER = fileURLToPath(new URL('../test/third-party-reader.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;

for (const name of readdirSync(GOLDEN).filter((file) => file.endsWith('.tar.gz'))) {
  test(
    `${name} is read by a reader in another language`,
    { skip: hasPython ? false : 'python3 is not installed' },
    () => {
      const run = spawnSync('python3', [READER, fileURLToPath(new URL(name, GOLDEN))], {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      assert.equal(run.status, 0, run.stderr);
      assert.deepEqual(
        JSON.parse(run.stdout),
        JSON.parse(readFileSync(new URL(name.replace('.tar.gz', '.json'), GOLDEN), 'utf8')),
      );
    },
  );
}
