import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, parseCanonicalJson } from '@salver/core';

test('keys are sorted, white space is absent, undefined is left out', () => {
  assert.equal(
    canonicalJson({ b: [1, 'x', true], a: { d: undefined, c: 'ü\n' } }).toString(),
    '{"a":{"c":"ü\\n"},"b":[1,"x",true]}',
  );
});

test('values without one byte form are refused', () => {
  for (const value of [1.5, Number.NaN, 2 ** 53, null, '\ud800', undefined]) {
    assert.throws(() => canonicalJson({ value: [value] }), TypeError, String(value));
  }
});

for (const bytes of [
  '{"a":1 }',
  '{"b":1,"a":2}',
  '{"a":1,"a":1}',
  '{"a":1.0}',
  '{"a":"\\u0041"}',
  '{',
  '',
  '{"a":1}\n',
  '\ufeff{}',
  '{"a":-0}',
]) {
  test(`${JSON.stringify(bytes)} is refused with E_MANIFEST_INVALID`, () => {
    assert.throws(() => parseCanonicalJson(Buffer.from(bytes), 'it'), { code: 'E_MANIFEST_INVALID' });
  });
}
