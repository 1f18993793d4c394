// Golden artifacts: every later version must read these files (docs/format.md section 10).
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { MemberParser, TAIL_MEMBER, TreeRules, decodeMember, readHead, sha256Hex } from '@salver/core';
import type { ArtifactSource, Entry } from '@salver/core';

const GOLDEN = new URL('../../../fixtures/golden/', import.meta.url);

function sourceOf(bytes: Buffer): ArtifactSource {
  return {
    description: 'golden',
    sizeBytes: bytes.length,
    readSync: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => undefined,
  };
}

/** Reads a whole artifact strictly: path -> what is there, in the form of the golden listing. */
function listArtifact(bytes: Buffer): { id: string; entries: Record<string, string> } {
  const head = readHead(sourceOf(bytes));
  const rules = new TreeRules(head.manifest);
  const entries: Record<string, string> = {};
  let pieces: Buffer[] = [];
  const describeFile = (entry: Entry, data: Buffer): void => {
    entries[entry.path] = `${entry.executable ? '755' : '644'} ${sha256Hex(data)}`;
  };
  let large: Entry | undefined;
  const note = (entry: Entry): void => {
    rules.accept(entry);
    if (entry.kind !== 'file') entries[entry.path] = `${entry.kind} ${entry.linkTarget}`.trim();
  };
  const parser = new MemberParser({
    directory: note,
    symlink: note,
    file: (entry, data) => (note(entry), describeFile(entry, data)),
    beginLargeFile: (entry) => (note(entry), (large = entry), void (pieces = [])),
    piece: (data) => void pieces.push(Buffer.from(data)),
    endLargeFile: () => large !== undefined && describeFile(large, Buffer.concat(pieces)),
  });
  let offset = head.headBytes;
  let index = 0;
  for (const unit of head.manifest.units) {
    rules.beginUnit();
    for (const row of unit.members) {
      const layout = head.layout.members[index];
      assert.ok(layout !== undefined);
      parser.parse(decodeMember(bytes.subarray(offset, offset + layout[0]), { row, layout }));
      offset += layout[0];
      index += 1;
    }
    parser.finish();
  }
  rules.finish();
  assert.equal(offset + TAIL_MEMBER.length, bytes.length);
  return { id: head.id, entries };
}

for (const name of readdirSync(GOLDEN).filter((file) => file.endsWith('.tar.gz'))) {
  test(`${name} is read as it was when it was written`, () => {
    const expected = JSON.parse(readFileSync(new URL(name.replace('.tar.gz', '.json'), GOLDEN), 'utf8')) as {
      id: string;
      entries: Record<string, string>;
    };
    const actual = listArtifact(readFileSync(new URL(name, GOLDEN)));
    assert.equal(actual.id, expected.id);
    assert.deepEqual(
      Object.fromEntries(Object.entries(actual.entries).sort()),
      Object.fromEntries(Object.entries(expected.entries).sort()),
    );
  });
}

test('every flipped bit and every truncation of the small golden artifact is refused', () => {
  const bytes = readFileSync(new URL('format-1-small.tar.gz', GOLDEN));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => listArtifact(damaged), { name: 'SalverError' }, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => listArtifact(bytes.subarray(0, length)), { name: 'SalverError' }, `cut to ${length}`);
  }
  assert.throws(() => listArtifact(Buffer.concat([bytes, Buffer.alloc(1)])), { code: 'E_ARTIFACT_DAMAGED' });
});
