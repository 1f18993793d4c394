import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PackEntry } from '@salver/core';
import { readTarball } from '../dist/tarball-reader.js';
import { transcodePackage } from '../dist/transcode-package.js';
import type { TranscodedPackage } from '../dist/transcode-package.js';
import { rawTar } from './tarball-double.js';
import type { TarDoubleEntry } from './tarball-double.js';

interface Options {
  readonly bins?: readonly string[];
  readonly executables?: readonly string[];
  readonly excluded?: readonly string[];
}

function transcode(entries: readonly TarDoubleEntry[], options: Options = {}): TranscodedPackage {
  const raw = rawTar(entries);
  const tar = {
    sizeBytes: raw.length,
    readSync: (offset: number, length: number) => raw.subarray(offset, offset + length),
  };
  return transcodePackage({
    location: 'node_modules/a',
    files: readTarball(tar, { description: 'a@1.0.0' }),
    tar,
    bins: new Set(options.bins),
    executables: new Set(options.executables),
    excluded: new Set(options.excluded),
  });
}

function entryAt(transcoded: TranscodedPackage, path: string): PackEntry {
  const entry = transcoded.entries.find((candidate) => candidate.path === path);
  assert.ok(entry, `no entry ${path}`);
  return entry;
}

const text = (entry: PackEntry): string => Buffer.from(entry.readSync(0, entry.sizeBytes)).toString();

test('gives one entry for the package and for each directory below it', () => {
  const { entries } = transcode([
    { path: 'package/lib/x/y.js', data: '1' },
    { path: 'package/lib/z.js', data: '2' },
  ]);
  assert.deepEqual(entries.map(({ kind, path }) => `${kind} ${path}`).sort(), [
    'directory node_modules/a',
    'directory node_modules/a/lib',
    'directory node_modules/a/lib/x',
    'file node_modules/a/lib/x/y.js',
    'file node_modules/a/lib/z.js',
  ]);
});

test('gives an empty package its directory', () => {
  const { entries } = transcode([{ path: 'package/dir', type: '5' }]);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['node_modules/a'],
  );
});

test('makes bins executable and takes the carriage return from their first line only', () => {
  const data = '#!/usr/bin/env node\r\nconst a = 1;\r\n';
  const result = transcode(
    [
      { path: 'package/cli.js', data },
      { path: 'package/other.js', data },
    ],
    { bins: ['cli.js'] },
  );
  const cli = entryAt(result, 'node_modules/a/cli.js');
  const fixed = '#!/usr/bin/env node\nconst a = 1;\r\n';
  assert.equal(cli.executable, true);
  assert.equal(cli.sizeBytes, data.length - 1);
  assert.equal(text(cli), fixed);
  assert.equal(text(entryAt(result, 'node_modules/a/other.js')), data);
  // Any range, because needs are measured and large files packed by random access.
  for (let start = 0; start < fixed.length; start += 1) {
    for (const length of [1, 3, fixed.length - start]) {
      const end = Math.min(start + length, fixed.length);
      assert.equal(Buffer.from(cli.readSync(start, length)).toString(), fixed.slice(start, end));
    }
  }
});

test('leaves bins without a Windows hashbang as they are', () => {
  for (const data of ['#!/bin/sh\necho\r\n', 'no hashbang\r\n', '#!\r\n', '', `#!${'x'.repeat(3000)}\r\n`]) {
    const cli = entryAt(transcode([{ path: 'package/cli', data }], { bins: ['cli'] }), 'node_modules/a/cli');
    assert.equal(text(cli), data);
    assert.equal(cli.executable, true);
  }
});

test('makes bins that lost their link executable without touching them', () => {
  const data = '#!/usr/bin/env node\r\n';
  const result = transcode([{ path: 'package/cli.js', data }], { executables: ['cli.js'] });
  const cli = entryAt(result, 'node_modules/a/cli.js');
  assert.equal(cli.executable, true);
  assert.equal(text(cli), data);
});

test('leaves out what other units take', () => {
  const entries = [
    { path: 'package/index.js', data: '1' },
    { path: 'package/node_modules/b/package.json', data: '{}' },
    { path: 'package/node_modules/.bin/b', data: 'x' },
  ];
  const whole = transcode(entries);
  assert.deepEqual([...whole.facts.nestedPaths].sort(), ['node_modules/.bin/b', 'node_modules/b']);
  const rest = transcode(entries, { excluded: ['node_modules/b', 'node_modules/.bin/b'] });
  assert.deepEqual(
    rest.entries.map(({ path }) => path),
    ['node_modules/a', 'node_modules/a/index.js'],
  );
});

test('leaves out names that an artifact may not hold, and remembers them', () => {
  const result = transcode([
    { path: 'package/back\\slash', data: '1' },
    { path: 'package/fine', data: '2' },
  ]);
  assert.deepEqual(
    result.entries.map(({ path }) => path),
    ['node_modules/a', 'node_modules/a/fine'],
  );
  assert.deepEqual(result.facts.unpackable, ['back\\slash']);
});

test('remembers scripts of the package and of packages bundled in it', () => {
  const manifest = (fields: object): string => JSON.stringify({ name: 'x', version: '1.0.0', ...fields });
  const { facts } = transcode([
    { path: 'package/package.json', data: manifest({ scripts: { postinstall: 'node x', test: 'no' } }) },
    { path: 'package/node_modules/@s/gyp/package.json', data: manifest({}) },
    { path: 'package/node_modules/@s/gyp/binding.gyp', data: '{}' },
    { path: 'package/node_modules/off/package.json', data: manifest({ gypfile: false }) },
    { path: 'package/node_modules/off/binding.gyp', data: '{}' },
    {
      path: 'package/node_modules/own/package.json',
      data: manifest({ scripts: { install: 'npm run rebuild', rebuild: 'node-gyp rebuild' } }),
    },
    { path: 'package/node_modules/own/binding.gyp', data: '{}' },
    { path: 'package/node_modules/broken/package.json', data: '{' },
    {
      path: 'package/test/package.json',
      data: manifest({ scripts: { install: 'not a package of its own' } }),
    },
  ]);
  const scripted = [...facts.scripted].sort((a, b) => (a.directory < b.directory ? -1 : 1));
  assert.deepEqual(scripted, [
    { directory: '', scripts: { postinstall: 'node x' }, isImplicitGyp: false },
    { directory: 'node_modules/@s/gyp', scripts: { install: 'node-gyp rebuild' }, isImplicitGyp: true },
    {
      directory: 'node_modules/own',
      scripts: { install: 'npm run rebuild' },
      calls: { install: 'node-gyp rebuild' },
      isImplicitGyp: false,
    },
  ]);
});

test('remembers bin targets that are missing', () => {
  const result = transcode([{ path: 'package/cli.js' }, { path: 'package/dir/x' }], {
    bins: ['cli.js', 'gone.js', 'dir'],
  });
  assert.deepEqual(result.facts.missingBins, ['gone.js']);
});
