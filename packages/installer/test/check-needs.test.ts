import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { Needs } from '@salver/core';
import { findUnmetNeeds, localHostFacts } from '@salver/installer';
import type { HostFacts } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir } from './test-root.js';

const SOABI = 'cpython-311-x86_64-linux-gnu';
const HOST: HostFacts = {
  target: 'linux-x64-glibc',
  glibc: () => '2.36',
  cxx: (prefix) => (prefix === 'GLIBCXX' ? '3.4.30' : '1.3.13'),
  hasLibrary: (name) => name === 'libpq.so.5',
  python: (version) => ({
    path: `/usr/bin/python${version === '3.9' ? '3.9' : '3.11'}`,
    version: version === '3.9' ? '3.9.2' : '3.11.2',
    soabi: version === '3.9' ? 'cpython-39-x86_64-linux-gnu' : SOABI,
  }),
  node: () => ({ version: '20.19.4', modules: 115 }),
};
const by = 'node_modules/x/x.node';

const CASES: readonly (readonly [name: string, needs: Needs, unmet: RegExp | undefined])[] = [
  ['nothing', {}, undefined],
  ['an older glibc', { glibc: { version: '2.4', by } }, undefined],
  ['the same glibc', { glibc: { version: '2.36', by } }, undefined],
  ['a newer glibc', { glibc: { version: '2.38', by } }, /x\.node needs glibc 2\.38; this host has 2\.36/],
  ['a newer GLIBCXX', { glibcxx: { version: '3.4.31', by } }, /GLIBCXX.*3\.4\.31.*3\.4\.30/],
  ['an older GLIBCXX', { glibcxx: { version: '3.4.9', by } }, undefined],
  ['a newer CXXABI', { cxxabi: { version: '1.3.15', by } }, /CXXABI.*1\.3\.15/],
  ['a library that is there', { libraries: [{ name: 'libpq.so.5', by }] }, undefined],
  ['a library that is missing', { libraries: [{ name: 'libvips.so.42', by }] }, /libvips\.so\.42/],
  ['a fitting Node', { node: { range: '>=18 <21 || ^22' } }, undefined],
  ['another Node', { node: { range: '>=22' } }, /node >=22; this host has 20\.19\.4/],
  ['the same module version', { node: { modules: { version: 115, by } } }, undefined],
  ['another module version', { node: { modules: { version: 127, by } } }, /127.*115/],
  ['Node-API only', { node: { napi: true } }, undefined],
  ['the Python that is there', { python: { version: '3.11', soabi: SOABI } }, undefined],
  [
    'another Python',
    { python: { version: '3.12', soabi: SOABI } },
    /Python 3\.12; this host has 3\.11\.2 \(.*python3\.11\)/,
  ],
  ['a patch that is there', { python: { version: '3.11', soabi: SOABI, atLeast: '3.11.2' } }, undefined],
  [
    'a later patch',
    { python: { version: '3.11', soabi: SOABI, atLeast: '3.11.4' } },
    /3\.11\.4 or a later 3\.11; .*3\.11\.2/,
  ],
  [
    'another ABI',
    { python: { version: '3.11', soabi: 'cpython-311t-x86_64-linux-gnu' } },
    /ABI cpython-311t.*cpython-311-/,
  ],
];

for (const [name, needs, unmet] of CASES) {
  test(`a release that needs ${name} is ${unmet === undefined ? 'accepted' : 'refused'}`, async () => {
    const found = await findUnmetNeeds(needs, HOST);
    if (unmet === undefined) assert.deepEqual(found, []);
    else assert.match(found.join(), unmet);
  });
}

test('names all unmet needs, before anything is written', async (context) => {
  const root = join(makeTempDir(context), 'root');
  const needs: Needs = { glibc: { version: '2.99', by }, libraries: [{ name: 'libnothing.so.1', by }] };
  await assert.rejects(install(root, await makeArtifact({ a: '1' }, { needs })), (error) => {
    assert.ok(isSalverError(error, 'E_NEEDS_UNMET'));
    assert.equal((error.facts.unmet as string[]).length, 2);
    return true;
  });
  assert.equal(existsSync(root), false);
});

test('knows this machine', { skip: process.platform !== 'linux' && 'looks at a Linux host' }, () => {
  const facts = localHostFacts();
  assert.match(facts.target, /^linux-/);
  assert.equal(facts.hasLibrary('libsurely-not-there.so.9'), false);
  const node = facts.node();
  assert.match(node.version, /^\d+\.\d+\.\d+/);
  assert.ok(node.modules > 100);
  if (facts.hasLibrary('libstdc++.so.6')) assert.match(facts.cxx('GLIBCXX') ?? '', /^3\.4\.\d+$/);
});
