// Writes the golden artifacts of fixtures/golden with the core of this checkout. Run only when the format
// gets a new number: what is committed there must stay readable for ever (docs/format.md section 10).
// Usage: node scripts/make-golden.mjs OUTPUT_DIRECTORY
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TAIL_MEMBER, encodeHead, packEntries, serializeManifest } from '@salver/core';
import { noise } from '@salver/testing';

const output = process.argv[2];
if (output === undefined) throw new Error('usage: node scripts/make-golden.mjs OUTPUT_DIRECTORY');

const file = (path, data, executable = false) => ({
  path,
  kind: 'file',
  executable,
  sizeBytes: data.length,
  linkTarget: '',
  readSync: (offset, length) => data.subarray(offset, offset + length),
});
const directory = (path) => ({ ...file(path, Buffer.alloc(0)), kind: 'directory' });
const symlink = (path, linkTarget) => ({ ...file(path, Buffer.alloc(0)), kind: 'symlink', linkTarget });

const LONG = `lib/${'long-'.repeat(24)}/${'name-'.repeat(24)}.js`;

/** name -> units of [kind, name, path, entries]. */
const CASES = {
  small: [['app', 'small', '', [file('server.js', Buffer.from('console.log("hello");\n'))]]],
  shapes: [
    ['salver', 'install.sh', '.salver', [file('.salver/install.sh', Buffer.from('#!/bin/sh\n'), true)]],
    [
      'npm-links',
      'node_modules',
      'node_modules',
      [
        directory('node_modules'),
        directory('node_modules/.bin'),
        symlink('node_modules/.bin/a', '../a/cli.js'),
      ],
    ],
    [
      'npm',
      'a',
      'node_modules/a',
      [
        directory('node_modules/a'),
        file('node_modules/a/cli.js', Buffer.from('#!/usr/bin/env node\n'), true),
      ],
    ],
    [
      'app',
      'shapes',
      '',
      [
        directory('lib'),
        directory(LONG.slice(0, LONG.lastIndexOf('/'))),
        file(LONG, Buffer.from('long')),
        symlink('lib/long', LONG.slice(4)),
        file('empty', Buffer.alloc(0)),
        directory('größe'),
        file('größe/日本.txt', Buffer.from('ü')),
        file('block', noise(512, 3)),
        file('big.bin', noise(700_000, 7)),
        directory('many'),
        ...Array.from({ length: 100 }, (_, index) =>
          file(`many/${index}.js`, noise(2000 + index, index + 1)),
        ),
      ],
    ],
  ],
};

for (const [name, units] of Object.entries(CASES)) {
  const rows = [];
  const stored = [];
  const layout = [];
  const listing = {};
  for (const [kind, unitName, path, entries] of units) {
    const members = [];
    const totals = await packEntries(entries, {
      onMember: (member) => {
        members.push([member.rawBytes, member.rawDigest]);
        layout.push([member.stored.length, member.storedCrc32]);
        stored.push(member.stored);
      },
    });
    rows.push({ kind, name: unitName, path, ...totals, members });
    for (const entry of entries) {
      const digest = createHash('sha256').update(entry.readSync(0, entry.sizeBytes)).digest('hex');
      listing[entry.path] =
        entry.kind === 'file'
          ? `${entry.executable ? '755' : '644'} ${digest}`
          : `${entry.kind} ${entry.linkTarget}`.trim();
    }
  }
  const manifest = {
    format: 1,
    name,
    version: '1.0.0',
    target: 'linux-x64-glibc',
    needs: {},
    host: { start: 'node server.js', shared: ['data'] },
    units: rows,
  };
  const { id, bytes: manifestBytes } = serializeManifest(manifest);
  const head = encodeHead({
    manifestBytes,
    layout: { format: 1, members: layout },
    label: { format: 1, commit: 'golden' },
  });
  writeFileSync(join(output, `format-1-${name}.tar.gz`), Buffer.concat([head, ...stored, TAIL_MEMBER]));
  const expected = { id, entries: listing };
  writeFileSync(join(output, `format-1-${name}.json`), `${JSON.stringify(expected, null, 1)}\n`);
}
