import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkResolver } from '@salver/core';

function problems(links: Readonly<Record<string, string>>, shared: readonly string[] = []): string[] {
  const resolver = new LinkResolver(new Map(Object.entries(links)), shared);
  return Object.keys(links).filter((path) => resolver.problemOf(path) !== undefined);
}

test('follows links as a kernel does: .. goes up from where a link led', () => {
  assert.deepEqual(problems({ 'a/b': '../c/d', c: 'x/y/z', e: 'c/../../../f' }), []);
  assert.deepEqual(problems({ c: 'x/y/z', e: 'c/../../../../f' }), ['e']);
  assert.deepEqual(problems({ 'a/up': '..', 'a/escape': 'up/../x' }), ['a/escape']);
});

test('refuses links without an end and those that lead through one', () => {
  assert.deepEqual(problems({ a: 'b', b: 'a', c: 'a/x', d: 'x' }), ['a', 'b', 'c']);
  assert.deepEqual(problems({ a: 'a' }), ['a']);
  const chain = (length: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`l${index}`, `l${index + 1}`]));
  assert.deepEqual(problems(chain(40)), []);
  assert.ok(problems(chain(41)).includes('l0'));
  assert.ok(problems(chain(100_000)).length > 0, 'and takes no stack for a long chain');
});

test('refuses to go up from a shared path, whose content lies elsewhere', () => {
  const shared = ['data', 'var/log'];
  assert.deepEqual(problems({ a: 'data/x/../y', b: 'var/log', c: 'var/../data' }, shared), []);
  assert.deepEqual(problems({ a: 'data/../x', b: 'data/x/../..', c: 'var/log/../x' }, shared), [
    'a',
    'b',
    'c',
  ]);
});

test('walks each target once, however many links lead through it', () => {
  const links: Record<string, string> = {};
  for (let index = 0; index < 39; index += 1) links[`m${index}`] = `m${index + 1}${'/x/..'.repeat(200)}`;
  for (let index = 0; index < 50_000; index += 1) links[`z${index}`] = 'm0';
  const started = performance.now();
  assert.deepEqual(problems(links), []);
  assert.ok(performance.now() - started < 5_000, 'hours when each link is followed to its end');
});

test('refuses a way through more directories than a path may have', () => {
  assert.deepEqual(problems({ a: 'x/'.repeat(64), b: 'a/x' }), ['b']);
});
