import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isSalverError } from '@salver/core';
import { estimateRawBytes, withTarBytes } from '../dist/tar-bytes.js';

async function withFile<T>(bytes: Buffer, work: (path: string, directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'salver-tar-'));
  try {
    await writeFile(join(directory, 'a.tgz'), bytes);
    return await work(join(directory, 'a.tgz'), directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Reads everything through the interface, in pieces of an odd size. */
function readAll(
  path: string,
  directory: string,
  limits: object,
): Promise<{ bytes: Buffer; spilled: boolean }> {
  let spilled = false;
  const withTempDir = async <T>(work: (temporary: string) => Promise<T>): Promise<T> => {
    spilled = true;
    return work(await mkdtemp(join(directory, 'spill-')));
  };
  return withTarBytes(path, { description: 'a@1.0.0', withTempDir, ...limits }, (tar) => {
    const parts: Buffer[] = [];
    for (let offset = 0; offset < tar.sizeBytes; offset += 700_001) {
      parts.push(Buffer.from(tar.readSync(offset, 700_001)));
    }
    return Promise.resolve({ bytes: Buffer.concat(parts), spilled });
  });
}

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));

test('decompresses a small tarball in memory', () =>
  withFile(gzipSync(CONTENT), async (path, directory) => {
    const { bytes, spilled } = await readAll(path, directory, {});
    assert.ok(bytes.equals(CONTENT));
    assert.equal(spilled, false);
  }));

test('spills a large tarball to a file and gives the same bytes', () =>
  withFile(gzipSync(Buffer.concat([CONTENT, CONTENT, CONTENT, CONTENT])), async (path, directory) => {
    const { bytes, spilled } = await readAll(path, directory, { memoryBytesMax: 1000 });
    assert.ok(bytes.equals(Buffer.concat([CONTENT, CONTENT, CONTENT, CONTENT])));
    assert.equal(spilled, true);
  }));

test('spills a tarball of several gzip members, whose last bytes state only the last size', () =>
  withFile(Buffer.concat([gzipSync(CONTENT), gzipSync(Buffer.from('end'))]), async (path, directory) => {
    const { bytes, spilled } = await readAll(path, directory, { memoryBytesMax: 200_000 });
    assert.equal(bytes.length, CONTENT.length + 3);
    assert.equal(spilled, true);
  }));

test('takes a tar that is not compressed', () =>
  withFile(CONTENT, async (path, directory) => {
    assert.ok((await readAll(path, directory, {})).bytes.equals(CONTENT));
    assert.equal(await estimateRawBytes(path), CONTENT.length);
  }));

test('refuses a truncated tarball, in memory and spilled', () =>
  withFile(gzipSync(CONTENT).subarray(0, -300), async (path, directory) => {
    for (const memoryBytesMax of [undefined, 10]) {
      const limits = memoryBytesMax === undefined ? {} : { memoryBytesMax };
      await assert.rejects(readAll(path, directory, limits), (error) =>
        isSalverError(error, 'E_TARBALL_DAMAGED'),
      );
    }
  }));

test('refuses a tarball that unpacks to more than the limit', () =>
  withFile(gzipSync(Buffer.alloc(5_000_000)), async (path, directory) => {
    const limits = { memoryBytesMax: 1000, tarBytesMax: 1_000_000 };
    await assert.rejects(readAll(path, directory, limits), (error) =>
      isSalverError(error, 'E_LIMIT_EXCEEDED'),
    );
  }));
