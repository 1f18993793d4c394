// docs/hostile-archives.md states how many cases there are and what becomes of them: the generator must agree.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostileClasses } from '@salver/testing';
import type { HostileCase } from '@salver/testing';

const DOCUMENT = new URL('../../../docs/hostile-archives.md', import.meta.url);
const CASES_MIN = 150;

function verdictsOf(cases: readonly HostileCase[]): string {
  const counts = new Map<string, number>();
  for (const { verdict } of cases) {
    const answer = 'accepted' in verdict ? 'accepted' : `\`${verdict.refused}\``;
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return [...counts].map(([answer, count]) => `${answer} ${count}`).join(', ');
}

test('the table of hostile archives is that of the generator', () => {
  const rows = [
    ...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| (.+?) +\| +(\d+) *\| ((?:`E_|accepted).+?) +\|$/gm),
  ];
  const documented = rows.map(([, name, count, verdicts]) => [name, Number(count), verdicts]);
  const generated = hostileClasses.map(({ name, cases }) => [name, cases.length, verdictsOf(cases)]);
  assert.deepEqual(documented, generated);
});

test('there are enough cases, none with the name of another of its class', () => {
  const cases = hostileClasses.flatMap((kind) => kind.cases);
  assert.ok(cases.length >= CASES_MIN);
  for (const { name, cases: own } of hostileClasses) {
    assert.equal(new Set(own.map((hostile) => hostile.name)).size, own.length, name);
  }
});
