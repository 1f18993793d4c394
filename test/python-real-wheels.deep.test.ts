// A real Django app, from PyPI to a host. What has to be compiled is in python-real.deep.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildApp, makeTempDir, runJson } from './product-harness.js';
import type { InstallReport } from './product-harness.js';
import { unexplainedDifferences } from './python-differences.js';
import {
  LAUNCHERS,
  USE_WHEELS,
  missingRealPython,
  pipCheck,
  pipEnvironment,
  runInRelease,
  tryBuild,
  writeRealApp,
} from './python-real-app.js';

const directory = makeTempDir();
after(() => directory.remove());
const place = (name: string): string => join(directory.path, name);

test(
  'a Django app with Pillow, psycopg and cryptography runs in its release, as pip would have made it',
  { skip: missingRealPython() ?? false },
  async (t) => {
    const app = writeRealApp(place('app'), { compiled: false });
    const options = { env: { SALVER_CACHE: place('cache') } };
    const built = await tryBuild(app, place('out'), options);
    if ('unreachable' in built) {
      t.skip(built.unreachable);
      return;
    }
    const root = place('root with space');
    const { release } = await runJson<InstallReport>('salver-host', [
      'install',
      built.artifact,
      '--root',
      root,
    ]);
    assert.deepEqual(JSON.parse(await runInRelease(root, USE_WHEELS)), {
      django: '5.2.19',
      home: 'release 0',
      webp: 'WEBP',
      size: 32,
      psycopg: 'binary',
      fernet: 'secret',
    });

    const dead = {
      ...options.env,
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      HTTPS_PROXY: 'http://127.0.0.1:9',
    };
    const again = await buildApp(writeRealApp(place('other'), { compiled: false }), place('again'), {
      env: dead,
    });
    assert.equal(again.id, built.id);
    assert.ok(readFileSync(again.artifact).equals(readFileSync(built.artifact)));

    const venv = place('venv');
    const pip = await pipEnvironment(app, venv);
    if (pip === undefined) {
      t.diagnostic('not compared with pip: python3 has no venv module with pip');
      return;
    }
    const ours = join(root, 'releases', release, '.venv');
    assert.deepEqual(unexplainedDifferences(ours, venv, { otherBytes: LAUNCHERS }), []);
    await pipCheck(pip, root);
  },
);
