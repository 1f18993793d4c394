import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { parseEnvFile, readEnvFile } from '../dist/env-file.js';
import { makeTempDir } from './test-root.js';

const CASES: readonly (readonly [name: string, text: string, values: Record<string, string>])[] = [
  ['plain', 'A=1\nB=two words\n', { A: '1', B: 'two words' }],
  ['comments and empty lines', '# c\n; c\n\n  # c\nA=1', { A: '1' }],
  ['no comment after a value', 'A=1 # not a comment', { A: '1 # not a comment' }],
  ['spaces around', '  A  =  1  \n', { A: '1' }],
  ['empty value', 'A=\nB=""\n', { A: '', B: '' }],
  ['single quotes are literal', 'A=\'x \\ $y "z" \'', { A: 'x \\ $y "z" ' }],
  ['double quotes', 'A="x \\" \\$ \\\\ \\n y"', { A: 'x " $ \\ \\n y' }],
  ['quotes over several lines', 'A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
  ['continued line', 'A=one\\\ntwo\nB="x\\\ny"', { A: 'onetwo', B: 'xy' }],
  ['backslash outside quotes', 'A=a\\ b\\\\', { A: 'a b\\' }],
  ['equals signs in the value', 'URL=postgres://u:p@h/db?a=b', { URL: 'postgres://u:p@h/db?a=b' }],
  ['nothing is expanded', 'A=$HOME `id`', { A: '$HOME `id`' }],
  ['the last one wins', 'A=1\nA=2', { A: '2' }],
  ['Windows line ends', 'A=1\r\nB=2\r\n', { A: '1', B: '2' }],
];

for (const [name, text, values] of CASES) {
  test(`reads environment files as systemd does: ${name}`, () => {
    assert.deepEqual(Object.fromEntries(parseEnvFile(text, 'env')), values);
  });
}

test('names the line that is wrong and never shows a value', () => {
  for (const [text, line] of [
    ['A=1\nexport B=secret', 2],
    ['A=1\n\nsecret', 3],
    ['X="secret', 1],
  ] as const) {
    assert.throws(
      () => parseEnvFile(text, 'env'),
      (error) => {
        assert.ok(isSalverError(error, 'E_CONFIG_INVALID'));
        assert.equal(error.facts.line, line);
        assert.doesNotMatch(error.message + (error.hint ?? ''), /secret/);
        return true;
      },
    );
  }
});

test('a missing file is empty', (context) => {
  const path = join(makeTempDir(context), 'env');
  assert.equal(readEnvFile(path).size, 0);
  writeFileSync(path, 'A=1');
  assert.equal(readEnvFile(path).get('A'), '1');
});
