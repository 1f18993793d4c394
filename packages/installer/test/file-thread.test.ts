import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FileThread } from '../dist/file-thread.js';
import { makeTempDir } from './test-root.js';

function startThread(context: TestContext): FileThread {
  const thread = new FileThread();
  context.after(() => thread.close());
  return thread;
}

test('creates the files of a member and reports their times and inodes in order', async (context) => {
  const directory = makeTempDir(context);
  const thread = startThread(context);
  const first = join(directory, 'first');
  const second = join(directory, 'second');
  let stamps: readonly number[] = [];
  thread.post(
    Buffer.from('..one.two'),
    [
      [first, 0o644, 2, 3],
      [second, 0o755, 6, 3],
    ],
    (found) => {
      stamps = [...found];
    },
  );
  await thread.drain();
  assert.equal(readFileSync(first, 'utf8'), 'one');
  assert.equal(readFileSync(second, 'utf8'), 'two');
  const expected = [first, second].flatMap((path) => [statSync(path).mtimeMs, statSync(path).ino]);
  assert.deepEqual(stamps, expected);
});

for (const [what, prepare, code] of [
  ['exists', (path: string) => writeFileSync(path, 'old'), 'EEXIST'],
  ['is a link', (path: string) => symlinkSync('/tmp/nowhere', path), 'EEXIST'],
  ['is a directory', (path: string) => mkdirSync(path), 'EEXIST'],
  ['has no directory', () => undefined, 'ENOENT'],
] as const) {
  test(`a file that ${what} is refused with ${code}, and nothing is written through it`, async (context) => {
    const directory = makeTempDir(context);
    const path = join(directory, code === 'ENOENT' ? 'missing/file' : 'file');
    prepare(path);
    const thread = startThread(context);
    thread.post(Buffer.from('new'), [[path, 0o644, 0, 3]], () => assert.fail('it was written'));
    await assert.rejects(thread.drain(), { code });
    await assert.rejects(async () => thread.room(), { code });
    if (what === 'exists') assert.equal(readFileSync(path, 'utf8'), 'old');
  });
}

test('asks to wait when much is on its way', async (context) => {
  const directory = makeTempDir(context);
  const thread = startThread(context);
  const size = 1024 * 1024;
  let posted = 0;
  for (; thread.room() === undefined; posted += 1) {
    assert.ok(posted < 100, 'it takes everything');
    thread.post(Buffer.alloc(size), [[join(directory, String(posted)), 0o644, 0, size]], () => undefined);
  }
  await thread.room();
  await thread.drain();
  assert.equal(statSync(join(directory, String(posted - 1))).size, size);
});
