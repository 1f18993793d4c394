import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FileThread } from '../dist/file-thread.js';
import type { BatchFile } from '../dist/file-thread.js';
import { makeTempDir } from './test-root.js';

function startThread(context: TestContext, directory: string): FileThread {
  const thread = new FileThread(directory);
  context.after(() => thread.close());
  return thread;
}

/** The whole of `raw` as one file, or as a piece of one. */
function whole(raw: Buffer, path: string, position = 0): BatchFile {
  return { path, mode: 0o644, data: raw, position };
}

test('creates the files of a member and reports their times and inodes in order', async (context) => {
  const directory = makeTempDir(context);
  const thread = startThread(context, directory);
  const raw = Buffer.from('..one.two');
  let stamps: readonly number[] = [];
  thread.post(
    raw,
    [
      { path: 'first', mode: 0o644, data: raw.subarray(2, 5), position: 0 },
      { path: 'second', mode: 0o755, data: raw.subarray(6), position: 0 },
    ],
    (found) => {
      stamps = [...found];
    },
  );
  await thread.drain();
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  assert.equal(readFileSync(first, 'utf8'), 'one');
  assert.equal(readFileSync(second, 'utf8'), 'two');
  const expected = [first, second].flatMap((path) => [statSync(path).mtimeMs, statSync(path).ino]);
  assert.deepEqual(stamps, expected);
  assert.deepEqual(
    [first, second].map((path) => statSync(path).mode & 0o100),
    [0, 0o100],
  );
});

test('continues a file with its next piece, but creates none and follows no link', async (context) => {
  const directory = makeTempDir(context);
  const thread = startThread(context, directory);
  const path = join(directory, 'large');
  let stamps: readonly number[] = [];
  const pieces = [Buffer.from('first '), Buffer.from('second')] as const;
  thread.post(pieces[0], [whole(pieces[0], 'large')], () => undefined);
  thread.post(pieces[1], [whole(pieces[1], 'large', 6)], (found) => (stamps = [...found]));
  await thread.drain();
  assert.equal(readFileSync(path, 'utf8'), 'first second');
  assert.deepEqual(stamps, [statSync(path).mtimeMs, statSync(path).ino]);
  symlinkSync(path, join(directory, 'link'));
  for (const [other, code] of [
    ['missing', 'ENOENT'],
    ['link', 'ELOOP'],
  ] as const) {
    const refusing = startThread(context, directory);
    const raw = Buffer.from('x');
    refusing.post(raw, [whole(raw, other, 6)], () => assert.fail('it was written'));
    await assert.rejects(refusing.drain(), { code });
  }
});

for (const [what, prepare, code] of [
  ['exists', (path: string) => writeFileSync(path, 'old'), 'EEXIST'],
  ['is a link', (path: string) => symlinkSync('/tmp/nowhere', path), 'EEXIST'],
  ['is a directory', (path: string) => mkdirSync(path), 'EEXIST'],
  ['has no directory', () => undefined, 'ENOENT'],
] as const) {
  test(`a file that ${what} is refused with ${code}, and nothing is written through it`, async (context) => {
    const directory = makeTempDir(context);
    const path = code === 'ENOENT' ? 'missing/file' : 'file';
    prepare(join(directory, path));
    const thread = startThread(context, directory);
    const raw = Buffer.from('new');
    thread.post(raw, [whole(raw, path)], () => assert.fail('it was written'));
    await assert.rejects(thread.drain(), { code });
    await assert.rejects(async () => thread.room(), { code });
    if (what === 'exists') assert.equal(readFileSync(join(directory, path), 'utf8'), 'old');
  });
}

test('asks to wait when much is on its way', async (context) => {
  const directory = makeTempDir(context);
  const thread = startThread(context, directory);
  const size = 1024 * 1024;
  let posted = 0;
  for (; thread.room() === undefined; posted += 1) {
    assert.ok(posted < 100, 'it takes everything');
    const raw = Buffer.alloc(size);
    thread.post(raw, [whole(raw, String(posted))], () => undefined);
  }
  await thread.room();
  await thread.drain();
  assert.equal(statSync(join(directory, String(posted - 1))).size, size);
});
