// Borders of members are part of the format's promise (docs/format.md section 7): if a later version cut
// elsewhere, every host would fetch everything once more. These numbers may never change within format 1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FINE_CUTS, packEntries } from '@salver/core';
import type { PackEntry } from '@salver/core';
import { noise } from '@salver/testing';

function file(path: string, data: Buffer): PackEntry {
  const readSync = (offset: number, length: number): Buffer => data.subarray(offset, offset + length);
  return { path, kind: 'file', executable: false, sizeBytes: data.length, linkTarget: '', readSync };
}

async function rawSizes(entries: readonly PackEntry[]): Promise<number[]> {
  const sizes: number[] = [];
  await packEntries(entries, { onMember: (member) => void sizes.push(member.rawBytes) });
  return sizes;
}

test('a large file is cut at these bytes', async () => {
  // The header, then the chunks; the last one with its padding.
  const expected = [512, 69801, 93980, 76631, 181789, 220041, 152733, 76915, 121459, 7099];
  assert.deepEqual(await rawSizes([file('big', noise(1_000_000, 7))]), expected);
});

test('many files are cut into members of these sizes', async () => {
  const files = Array.from({ length: 300 }, (_, index) =>
    file(`lib/${index}.js`, noise(3000 + index, index + 1)),
  );
  assert.deepEqual(await rawSizes(files), [609792, 145920, 80896, 93696, 261120]);
});

test('the same files as own files of an app are cut into smaller members', async () => {
  const files = Array.from({ length: 100 }, (_, index) =>
    file(`lib/${index}.js`, noise(3000 + index, index + 1)),
  );
  const sizes: number[] = [];
  await packEntries(files, { cuts: FINE_CUTS, onMember: (member) => void sizes.push(member.rawBytes) });
  assert.deepEqual(sizes, [111104, 28672, 17920, 35840, 25088, 17920, 119296, 16384]);
});

test('a unit of at most 256 KiB is one member', async () => {
  const files = Array.from({ length: 60 }, (_, index) => file(`lib/${index}.js`, noise(3000, index + 1)));
  assert.equal((await rawSizes(files)).length, 1);
});

test('a member has these raw bytes', async () => {
  let digest = '';
  const onMember = (member: { rawDigest: string }): void => void (digest = member.rawDigest);
  await packEntries([file('größe/a', Buffer.from('hello')), file('x'.repeat(101), Buffer.from('long'))], {
    onMember,
  });
  assert.equal(digest, '2b41ea0da85664a2ea9d626ff82674eea66ae190aa1d241b4d3942a77f610d74');
});
