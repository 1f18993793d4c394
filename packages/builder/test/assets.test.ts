import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { noise } from '@salver/testing';
import { APP, build, headOf, places, unpack } from './build-place.js';
import type { Place } from './build-place.js';
import { writeTree } from './temp-tree.js';

const CODE = 'export const shop = () => "shop";\n'.repeat(200);
const FILES = {
  ...APP,
  'salver.json': '{"assets": [{"directory": "dist/assets", "url": "/assets/", "keep": "30d"}]}',
  'dist/index.html': '<!doctype html>\n',
  'dist/assets/app-1a2b3c4d.js': CODE,
  'dist/assets/logo.png': noise(20_000),
  'dist/assets/small.css': 'a{}\n',
  'dist/assets/fonts/noise.ttf': noise(20_000),
  'dist/assets/own.js': CODE,
  'dist/assets/own.js.gz': 'made by the app',
};

test('assets are a unit of their own, with their URL and compressed forms that give the same bytes', async (t) => {
  const place = places(t, FILES);
  const result = await build(place);
  const { root } = unpack(t, result.artifact);
  const unit = headOf(result.artifact).manifest.units.find(({ kind }) => kind === 'assets');
  assert.deepEqual(
    [unit?.name, unit?.path, unit?.entries, unit?.assets],
    ['dist/assets', 'dist/assets', 11, { url: '/assets/', keep: '30d' }],
  );
  assert.deepEqual(readdirSync(join(root, 'dist/assets')).sort(), [
    'app-1a2b3c4d.js',
    'app-1a2b3c4d.js.br',
    'app-1a2b3c4d.js.gz',
    'fonts',
    'logo.png',
    'own.js',
    'own.js.br',
    'own.js.gz',
    'small.css',
  ]);
  const read = (name: string): Buffer => readFileSync(join(root, 'dist/assets', name));
  assert.equal(gunzipSync(read('app-1a2b3c4d.js.gz')).toString(), CODE);
  assert.equal(brotliDecompressSync(read('app-1a2b3c4d.js.br')).toString(), CODE);
  assert.equal(read('own.js.gz').toString(), 'made by the app');
  assert.deepEqual([...read('app-1a2b3c4d.js.gz').subarray(0, 10)], [31, 139, 8, 0, 0, 0, 0, 0, 2, 255]);
  assert.equal(readFileSync(join(root, 'dist/index.html'), 'utf8'), '<!doctype html>\n');
  // Noise does not get smaller.
  assert.deepEqual([result.assets.files, result.assets.compressed], [6, 3]);
});

test('the second build compresses nothing, and another directory and cache give the same release', async (t) => {
  const place = places(t, FILES);
  const first = await build(place);
  assert.ok(first.assets.compressedNow > 0);
  const again = await build(place);
  assert.deepEqual([again.id, again.isNew, again.assets.compressedNow], [first.id, false, 0]);
  const elsewhere = await build(places(t, FILES));
  assert.deepEqual([elsewhere.id, elsewhere.assets], [first.id, first.assets]);
  writeTree(place.project, { 'dist/assets/new.js': `${CODE}//\n` });
  const changed = await build(place);
  assert.equal(changed.assets.compressedNow, 2);
});

test('assets that the build makes are found after it', async (t) => {
  const place = places(t, { ...FILES, '.salverignore': '' });
  rmSync(join(place.project, 'dist'), { recursive: true });
  const made = 'mkdir -p dist/assets && yes "export default 1;" | head -n 500 > dist/assets/made.js';
  const result = await build(place, { defaultBuild: [made] });
  const { root } = unpack(t, result.artifact);
  assert.deepEqual(readdirSync(join(root, 'dist/assets')).sort(), ['made.js', 'made.js.br', 'made.js.gz']);
  assert.equal((await build(place, { defaultBuild: [made] })).assets.compressedNow, 0);
});

const NOTHING: readonly (readonly [name: string, prepare: (place: Place) => void])[] = [
  ['is not there', (place) => rmSync(join(place.project, 'dist/assets'), { recursive: true })],
  [
    'is a link',
    (place) => {
      rmSync(join(place.project, 'dist/assets'), { recursive: true });
      symlinkSync('.', join(place.project, 'dist/assets'));
    },
  ],
];

for (const [name, prepare] of NOTHING) {
  test(`an asset directory that ${name} is refused by the key that names it`, async (t) => {
    const place = places(t, FILES);
    prepare(place);
    await assert.rejects(build(place), {
      code: 'E_CONFIG_INVALID',
      facts: { key: 'assets.0.directory', path: 'dist/assets' },
    });
  });
}
