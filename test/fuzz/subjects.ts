// What is fuzzed with which seeds: the golden artifacts and everything the generator of hostile archives makes.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { headMemberBytes } from '@salver/core';
import { hostileClasses, mutateBytes, mutateJson, mutateTar } from '@salver/testing';
import type { Random } from '@salver/testing';
import { workspaceDirectory } from '../product-harness.js';
import type { FuzzSubject } from './fuzzer.js';
import { documentsOf, headOfDocuments } from './head-documents.js';
import {
  envTarget,
  headMemberTarget,
  headTarget,
  linksTarget,
  makeConfigTarget,
  memberTarget,
} from './targets.js';

const SEED_BYTES_MAX = 64 * 1024;

/** All subjects; `dispose` removes what they need on disk. */
export function fuzzSubjects(): { readonly subjects: readonly FuzzSubject[]; readonly dispose: () => void } {
  const artifacts = seedArtifacts();
  const heads = artifacts.flatMap((bytes) => headOf(bytes) ?? []);
  const rawHeads = heads.flatMap((head) => rawOf(head.subarray(26, -8)) ?? []);
  const members = artifacts.flatMap((bytes) => rawContentOf(bytes) ?? []);
  const config = makeConfigTarget();
  const subjects: FuzzSubject[] = [
    { name: 'head', target: headTarget, seeds: rawHeads, mutate: mutateHead, share: 12 },
    { name: 'head member', target: headMemberTarget, seeds: heads, mutate: mutateBytes, share: 5 },
    { name: 'member', target: memberTarget, seeds: members, mutate: mutateTar, share: 58 },
    { name: 'links', target: linksTarget, seeds: LINK_SEEDS, mutate: mutateBytes, share: 15 },
    { name: 'env file', target: envTarget, seeds: ENV_SEEDS, mutate: mutateBytes, share: 8 },
    { name: 'salver.json', target: config.target, seeds: CONFIG_SEEDS, mutate: mutateConfig, share: 2 },
  ];
  return { subjects, dispose: () => config.dispose() };
}

function seedArtifacts(): readonly Buffer[] {
  const golden = join(workspaceDirectory, 'fixtures/golden');
  const files = readdirSync(golden).filter((name) => name.endsWith('.tar.gz'));
  const hostile = hostileClasses.flatMap(({ cases }) => cases.filter(({ isBomb }) => isBomb !== true));
  return [...files.map((name) => readFileSync(join(golden, name))), ...hostile.map(({ make }) => make())];
}

function headOf(bytes: Buffer): Buffer | undefined {
  try {
    return bytes.subarray(0, headMemberBytes(bytes));
  } catch {
    return undefined;
  }
}

function rawOf(deflated: Buffer): Buffer | undefined {
  try {
    return bounded(inflateRawSync(deflated));
  } catch {
    return undefined;
  }
}

/** What lies between head and tail, as one member. */
function rawContentOf(bytes: Buffer): Buffer | undefined {
  try {
    return bounded(gunzipSync(bytes.subarray(headMemberBytes(bytes))).subarray(0, -1024));
  } catch {
    return undefined;
  }
}

function bounded(raw: Buffer): Buffer | undefined {
  return raw.length > 0 && raw.length <= SEED_BYTES_MAX ? raw : undefined;
}

/** Changes one of the head's documents and makes its header true again, or the tar itself. */
function mutateHead(raw: Buffer, random: Random, other: Buffer): Buffer {
  if (random.once(4)) return mutateTar(raw, random, other);
  const documents = documentsOf(raw);
  if (documents.length !== 3) return mutateTar(raw, random, other);
  const chosen = random.pick([0, 1, 1, 1, 2]);
  const changed = documents.map((text, index) => (index === chosen ? changedDocument(text, random) : text));
  return headOfDocuments(changed);
}

function changedDocument(text: Buffer, random: Random): Buffer {
  try {
    return mutateJson(JSON.parse(text.toString('utf8')), random);
  } catch {
    return mutateBytes(text, random);
  }
}

function mutateConfig(input: Buffer, random: Random): Buffer {
  return changedDocument(input, random);
}

const LINK_SEEDS = [
  'a>b\nb>c\nc>d',
  'a/up>..\na/escape>up/../x',
  'a>.\nb>a/..',
  'a>b/x\nb>c/../d\nd>../a',
  'a>b\nb>a',
  `${Array.from({ length: 42 }, (_, index) => `l${index}>l${index + 1}`).join('\n')}`,
  `${Array.from({ length: 20 }, (_, index) => `m${index}>m${index + 1}/x/../y`).join('\n')}`,
].map((text) => Buffer.from(text));

const ENV_SEEDS = [
  'A=1\nB=two words\n# c\n; c\n',
  'A=\'x \\ $y "z" \'\nB="x \\" \\$ \\\\ \\n y"\n',
  'A=one\\\ntwo\nB="x\\\ny"\r\nC=a\\ b\\\\',
  'A="not closed',
  'no assignment\n=x\n A = 1 \n',
].map((text) => Buffer.from(text));

const CONFIG_SEEDS = [
  {},
  { name: 'app', version: '1.0.0', start: 'node server.js', build: ['npm run build'], keep: 3 },
  { files: { include: ['a/**'], exclude: ['b'] }, shared: ['uploads'], target: 'linux-x64-glibc' },
  { env: { A: { required: true, default: 'x', pattern: '[a-z]+' } }, secrets: { allow: [] } },
  {
    hooks: {
      prepare: { run: 'x', timeout: '5s' },
      migrate: { run: 'x', phase: 'expand' },
      check: { http: '/', status: 200, passes: 2, deadline: '5s' },
    },
  },
].map((value) => Buffer.from(JSON.stringify(value)));
