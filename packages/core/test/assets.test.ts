import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetPath, hasContentHash, keepMs, parseManifest, plainFormOf, urlProblem } from '@salver/core';

const HASHED = [
  'main.3f4a9c1e.css',
  'assets/index-B_x-9Kl2.js',
  'app-5YQ2KZ7X.js',
  'polyfills-c67a75d1b6f99dc8.js.gz',
  'e4af272ccee01ff0-s.p.woff2',
  'base.27e20196a850.css',
];
const PLAIN = [
  'index.html',
  'jquery-3.7.1.min.js',
  'app-UserList.js',
  'jquery-validate.js',
  'react-dom.production.min.js',
  'photo-1024x768.jpg',
  'report-20240101.csv',
  'android-chrome-192x192.png',
  'roboto-v20-latin-regular.woff2',
  'sw.js',
  // The directory says nothing of the file.
  '3f4a9c1e/main.css',
];

test('names that hold a hash of the content are told from others, in doubt as others', () => {
  assert.deepEqual(HASHED.filter(hasContentHash), HASHED);
  assert.deepEqual(PLAIN.filter(hasContentHash), []);
});

test('a file is served below the URL of its unit', () => {
  assert.equal(assetPath({ path: 'dist/assets', url: '/static/' }, 'dist/assets/js/a.js'), 'static/js/a.js');
  assert.equal(assetPath({ path: 'public', url: '/' }, 'public/a.js'), 'a.js');
});

test('URL paths begin and end with a slash and lead nowhere else', () => {
  for (const url of ['/', '/assets/', '/a/b/']) assert.equal(urlProblem(url), undefined, url);
  for (const url of ['', 'a/', '/a', '//', '/../', '/a/./', '/a b/', 'https://x/', '/%2e/'])
    assert.notEqual(urlProblem(url), undefined, url);
});

test('a compressed form belongs to the file beside it', () => {
  const paths = new Set(['a.js', 'a.js.br', 'b.gz']);
  assert.deepEqual(plainFormOf('a.js.br', paths), { path: 'a.js', encoding: 'br' });
  assert.equal(plainFormOf('b.gz', paths), undefined);
});

test('times are hours or days', () => {
  assert.deepEqual([keepMs('12h'), keepMs('30d')], [43_200_000, 2_592_000_000]);
});

const HOSTILE: readonly (readonly [key: string, assets: object])[] = [
  ['url', { url: '/../../etc/' }],
  ['url', { url: 'assets/' }],
  ['url', { url: '/a\u0000b/' }],
  ['keep', { url: '/a/', keep: '1e9d' }],
  ['immutable', { url: '/a/', immutable: 'yes' }],
];

for (const [key, assets] of HOSTILE) {
  test(`a manifest with ${JSON.stringify(assets)} for assets is refused`, () => {
    const unit = { kind: 'assets', name: 'a', path: 'a', entries: 0, sizeBytes: 0, members: [], assets };
    const rest = { name: 'shop', version: '1.0.0', target: 'linux-x64-glibc', needs: {}, host: {} };
    assert.throws(() => parseManifest({ format: 1, ...rest, units: [unit] }), {
      code: 'E_MANIFEST_INVALID',
      facts: { key: `units.0.assets.${key}` },
    });
  });
}
