import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentTypeOf } from '../dist/content-type.js';

const TYPES = {
  'a/app-1a2b3c4d.js': 'text/javascript; charset=utf-8',
  'x.mjs': 'text/javascript; charset=utf-8',
  'INDEX.HTML': 'text/html; charset=utf-8',
  'x.css': 'text/css; charset=utf-8',
  'x.svg': 'image/svg+xml',
  'x.js.map': 'application/json',
  'site.webmanifest': 'application/manifest+json',
  'favicon.ico': 'image/x-icon',
  'x.woff2': 'font/woff2',
  'x.wasm': 'application/wasm',
  'x.unknown': 'application/octet-stream',
  'a.b/LICENSE': 'application/octet-stream',
} as const;

test('the type follows from the extension; texts are UTF-8', () => {
  for (const [path, type] of Object.entries(TYPES)) assert.equal(contentTypeOf(path), type, path);
});
