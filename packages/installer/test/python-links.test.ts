import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PythonNeeds } from '@salver/core';
import { listFacts, listPythons, localHostFacts, verifyRelease } from '@salver/installer';
import type { HostFacts, PythonFacts } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir, withCode } from './test-root.js';

const [PYTHON] = listPythons(process.env).filter(({ path }) => /python3\.[0-9]+$/.test(path));
const skip = PYTHON === undefined ? 'there is no Python 3' : false;
const version = (PYTHON?.version ?? '3.0.0').split('.').slice(0, 2).join('.');
const NEEDS: PythonNeeds = { version, soabi: PYTHON?.soabi ?? 'none' };
const ENVIRONMENT = {
  [`.venv/lib/python${version}/site-packages/a.py`]: 'A = 1\n',
  '.venv/bin/tool': '#!/bin/sh\n',
};

test(
  'a release with Python gets links to the interpreter of the host, which are part of what is verified',
  { skip },
  async (context) => {
    const root = join(makeTempDir(context), 'a root');
    const { release } = await install(root, await makeArtifact(ENVIRONMENT, { needs: { python: NEEDS } }));
    const venv = join(root, 'releases', release, '.venv');
    const link = readlinkSync(join(venv, `bin/python${version}`));
    assert.deepEqual(
      ['python', 'python3'].map((name) => readlinkSync(join(venv, 'bin', name))),
      [`python${version}`, `python${version}`],
    );
    const home = link.slice(0, link.lastIndexOf('/'));
    assert.equal(
      readFileSync(join(venv, 'pyvenv.cfg'), 'utf8'),
      `home = ${home}\ninclude-system-site-packages = false\nversion = ${version}\n`,
    );
    const { stdout } = spawnSync(join(venv, 'bin/python'), ['-c', 'import a, sys; print(a.A, sys.prefix)']);
    assert.equal(stdout.toString(), `1 ${venv}\n`);
    await verifyRelease({ root });
    writeFileSync(join(venv, 'pyvenv.cfg'), 'home = /tmp\n');
    await assert.rejects(verifyRelease({ root }), {
      code: 'E_RELEASE_DAMAGED',
      facts: { release, paths: ['.venv/pyvenv.cfg'], pathsTotal: 1 },
    });
  },
);

const HOSTILE: readonly (readonly [title: string, files: Readonly<Record<string, string>>])[] = [
  ['an interpreter', { ...ENVIRONMENT, [`.venv/bin/python${version}`]: '#!/bin/sh\n' }],
  ['a python', { ...ENVIRONMENT, '.venv/bin/python': '#!/bin/sh\n' }],
  ['a pyvenv.cfg', { ...ENVIRONMENT, '.venv/pyvenv.cfg': 'home = /tmp\n' }],
  ['no directory for programs', { '.venv/bin': 'a file' }],
];

for (const [title, files] of HOSTILE) {
  test(`an artifact with ${title} is refused, and nothing is left of it`, { skip }, async (context) => {
    const root = join(makeTempDir(context), 'root');
    const artifact = await makeArtifact(files, { needs: { python: NEEDS } });
    await assert.rejects(install(root, artifact), withCode('E_ARTIFACT_HOSTILE'));
    assert.equal(existsSync(join(root, 'current')), false);
  });
}

test('an interpreter that does not run through a link is refused', { skip }, async (context) => {
  const root = join(makeTempDir(context), 'root');
  const python: PythonFacts = { path: '/bin/false', version: `${version}.1`, soabi: NEEDS.soabi };
  const host: HostFacts = { ...localHostFacts(), python: () => python };
  await assert.rejects(
    install(root, await makeArtifact(ENVIRONMENT, { needs: { python: NEEDS } }), { host }),
    withCode('E_NEEDS_UNMET'),
  );
  assert.equal(existsSync(join(root, 'current')), false);
});

test('config/python and SALVER_PYTHON name the interpreter', { skip }, (context) => {
  const root = makeTempDir(context);
  assert.equal(localHostFacts({ PATH: '/nowhere', SALVER_PYTHON: '/bin/false' }).python(version), undefined);
  const found = localHostFacts({ SALVER_PYTHON: PYTHON?.path }, root).python(version);
  assert.equal(found?.version, PYTHON?.version);
});

test('facts list the interpreters of the host', { skip }, () => {
  const { pythons = [] } = listFacts(localHostFacts(), listPythons(process.env));
  assert.ok(pythons.some(({ soabi }) => soabi === PYTHON?.soabi));
});
