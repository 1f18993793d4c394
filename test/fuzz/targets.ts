// What is fuzzed. A target takes bytes, throws a SalverError or returns, and checks what it accepted itself: an
// accepted input must be the one form of what it says.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@salver/builder';
import {
  LinkResolver,
  MemberParser,
  TreeRules,
  encodeEntryHeader,
  encodeHead,
  paddingBytes,
  parseHead,
  serializeManifest,
} from '@salver/core';
import type { Entry, Manifest } from '@salver/core';
import { headMember } from '@salver/testing';
import { parseEnvFile } from '../../packages/installer/dist/env-file.js';
import { naiveLinkProblem } from './naive-links.js';

/** Returns a word for the kind of answer. */
export type Target = (input: Buffer) => string;

/** The raw tar bytes of a head; framing and checksums are made true, so that the contents are reached. */
export const headTarget: Target = (raw) => {
  const stored = headMember(raw);
  const head = parseHead(stored);
  assert.deepEqual(serializeManifest(head.manifest).bytes, head.manifestBytes, 'the manifest has one form');
  assert.deepEqual(encodeHead(head), stored, 'the head has one form');
  return 'accepted';
};

/** A whole stored head member, damaged anywhere. */
export const headMemberTarget: Target = (stored) => {
  const head = parseHead(stored);
  assert.equal(head.headBytes, stored.length);
  return 'accepted';
};

const LARGE_ENTRY_BYTES = 256 * 1024;

/** The raw bytes of one member, parsed and held against the rules of trees. */
export const memberTarget: Target = (raw) => {
  const encoded: Buffer[] = [];
  const entries: Entry[] = [];
  const note = (entry: Entry, data?: Buffer): void => {
    entries.push(entry);
    encoded.push(encodeEntryHeader(entry));
    if (data !== undefined) encoded.push(Buffer.from(data), Buffer.alloc(paddingBytes(data.length)));
  };
  const parser = new MemberParser({
    directory: note,
    symlink: note,
    file: note,
    beginLargeFile: note,
    piece: () => assert.fail('there is one member only'),
    endLargeFile: () => assert.fail('there is one member only'),
  });
  parser.parse(raw);
  assert.deepEqual(Buffer.concat(encoded), raw, 'what was accepted is written the same');
  const isWhole = entries.every(({ sizeBytes }) => sizeBytes <= LARGE_ENTRY_BYTES);
  if (isWhole) parser.finish();
  checkTree(entries);
  return 'accepted';
};

function checkTree(entries: readonly Entry[]): void {
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const unit = { kind: 'app', name: 'app', path: '', entries: entries.length, sizeBytes, members: [] };
  const rules = new TreeRules({ units: [unit], host: {} } as unknown as Manifest);
  rules.beginUnit();
  for (const entry of entries) rules.accept(entry);
  rules.finish();
  // An accepted tree, looked at again by the simplest code.
  const kinds = new Map(entries.map((entry) => [entry.path, entry.kind]));
  assert.equal(kinds.size, entries.length, 'no path twice');
  for (const { path } of entries) {
    assert.ok(!path.split('/').includes('..') && !path.startsWith('/'), path);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    assert.ok(parent === '' || kinds.get(parent) === 'directory', `${path} lies in a directory`);
  }
}

/** Lines `path>target`: the resolver must say what following each link on its own says. */
export const linksTarget: Target = (input) => {
  const links = new Map<string, string>();
  for (const line of input.toString('latin1').split('\n').slice(0, 60)) {
    const [path = '', target = ''] = line.split('>');
    if (path !== '' && target !== '' && !path.split('/').some((name) => /^\.{0,2}$/.test(name)))
      links.set(path, target);
  }
  for (const path of links.keys()) {
    for (const other of links.keys()) if (path.startsWith(`${other}/`)) return 'a link below a link';
  }
  const resolver = new LinkResolver(links);
  const problems = [...links.keys()].map((path) => resolver.problemOf(path));
  const refused = problems.some((problem) => problem !== undefined);
  const expected = [...links.keys()].some((path) => naiveLinkProblem(path, links) !== undefined);
  assert.equal(refused, expected, 'the resolver and the naive walk agree');
  return `${links.size} links: ${[...new Set(problems)].join()}`;
};

/** An environment file. */
export const envTarget: Target = (input) => {
  const values = parseEnvFile(input.toString('utf8'), 'env');
  for (const [name, value] of values) {
    assert.match(name, /^[A-Za-z_][A-Za-z0-9_]*$/);
    assert.ok(!value.includes('\0'));
  }
  return 'accepted';
};

/** salver.json in a directory of its own. `dispose` removes it. */
export function makeConfigTarget(): { readonly target: Target; dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'salver-fuzz-'));
  return {
    target: (input) => {
      writeFileSync(join(directory, 'salver.json'), input);
      loadConfig(directory);
      return 'accepted';
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}
