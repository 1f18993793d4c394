// What fuzzing and hostile archives found: each a small input that was once taken wrongly or at great cost.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  TreeRules,
  decodeMember,
  headMemberBytes,
  limits,
  parseCanonicalJson,
  parseHead,
  pathProblem,
  printable,
} from '@salver/core';
import type { Entry, Manifest } from '@salver/core';

const GOLDEN = new URL('../../../fixtures/golden/format-1-small.tar.gz', import.meta.url);

test('a head must have the length it states', () => {
  const bytes = readFileSync(GOLDEN);
  const head = bytes.subarray(0, headMemberBytes(bytes));
  const lying = Buffer.from(head);
  lying.writeUInt32LE(head.length + 1000, 18);
  assert.throws(() => parseHead(lying), { code: 'E_ARTIFACT_DAMAGED' });
  assert.equal(parseHead(head).headBytes, head.length);
});

test('a stored member shorter than a gzip header is damage', () => {
  const stored = Buffer.from([0x1f]);
  const facts = { row: [512, '0'.repeat(64)], layout: [1, 0x4f0f5a5d] } as const;
  assert.throws(() => decodeMember(stored, facts), { code: 'E_ARTIFACT_DAMAGED' });
  const crc = 0xcbf43926;
  const digits = Buffer.from('123456789');
  assert.throws(() => decodeMember(digits, { row: facts.row, layout: [9, crc] }), {
    code: 'E_ARTIFACT_DAMAGED',
  });
});

test('JSON with more values or levels than the format needs is refused before it is parsed', () => {
  const code = { code: 'E_MANIFEST_INVALID' };
  const before = process.memoryUsage().rss;
  assert.throws(() => parseCanonicalJson(Buffer.alloc(20_000_000, '['), 'it'), code);
  assert.throws(() => parseCanonicalJson(Buffer.from(`[${'[],'.repeat(2_000_000)}[]]`), 'it'), code);
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  const fits = Buffer.from(
    `[${Array.from({ length: limits.JSON_VALUES_MAX / 10 }, () => '[1,2]').join(',')}]`,
  );
  assert.ok(Array.isArray(parseCanonicalJson(fits, 'it')));
  assert.deepEqual(parseCanonicalJson(Buffer.from('["[[[[,,,,"]'), 'it'), ['[[[[,,,,']);
});

test('an Arabic letter mark is a bidi control like the others', () => {
  assert.match(pathProblem('a\u061cb') ?? '', /forbidden/);
  assert.equal(printable('a\u061cb'), 'a\\u061cb');
});

test('the first entry beyond what a unit states is refused, not the last', () => {
  const unit = { kind: 'app', name: 'app', path: '', entries: 1, sizeBytes: 5, members: [] };
  const rules = new TreeRules({ units: [unit], host: {} } as unknown as Manifest);
  const entry = (path: string, sizeBytes: number): Entry => {
    return { path, kind: 'file', executable: false, sizeBytes, linkTarget: '' };
  };
  rules.beginUnit();
  assert.throws(() => rules.accept(entry('a', 6)), { code: 'E_ARTIFACT_HOSTILE' });
  const again = new TreeRules({ units: [unit], host: {} } as unknown as Manifest);
  again.beginUnit();
  again.accept(entry('a', 5));
  assert.throws(() => again.accept(entry('b', 0)), { code: 'E_ARTIFACT_HOSTILE' });
});
