// The environment against what pip installs from the same lock.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildApp, runCommand, startCommand } from './product-harness.js';
import { unexplainedDifferences } from './python-differences.js';
import type { Allowed } from './python-differences.js';
import { PythonBuilds, noPython } from './python-builds.js';

const builds = new PythonBuilds();
before(() => builds.start());
after(() => builds.stop());

test(
  'the environment is what pip makes of the same files, and pip check is content',
  { skip: noPython ?? false },
  async (t) => {
    const venv = builds.place('venv');
    if ((await startCommand('python3', ['-m', 'venv', venv]).ended).status !== 0) {
      t.skip('python3 has no venv module with pip');
      return;
    }
    const links = builds.place('links');
    mkdirSync(links);
    for (const file of Object.values(builds.packages).flat())
      writeFileSync(join(links, file.fileName), file.bytes);
    const app = builds.writeApp('app');
    const pip = join(venv, 'bin/pip');
    // The same flags as our builder gives: what is compared is the installation.
    const env = {
      ...builds.options().env,
      PIP_INDEX_URL: undefined,
      CFLAGS: '-g0',
      SOURCE_DATE_EPOCH: '315532800',
    };
    const from = ['--no-index', '--find-links', links, '-r', join(app, 'requirements.txt')];
    await runCommand(pip, ['install', '--quiet', '--no-deps', '--require-hashes', ...from], { env });
    const root = builds.place('root');
    await builds.install((await buildApp(app, builds.place('out'), builds.options())).artifact, root);
    assert.deepEqual(unexplainedDifferences(join(root, 'current/.venv'), venv, ALLOWED), []);
    const check = await runCommand(pip, ['--python', join(root, 'current/.venv/bin/python'), 'check'], {
      env,
    });
    assert.match(check.stdout, /No broken requirements/);
  },
);

/** What only these packages differ in. */
const ALLOWED: Allowed = {
  explained: [[/^libexec(\/fx-script)?$/, 'the body of a script that has a launcher']],
  otherBytes: [
    [/^bin\/(fx-tool|fx-extra|fx-script)$/, 'launchers that name no path'],
    [/\/fx_native\..*\.so$/, 'compiled in another directory, whose name it holds'],
  ],
};
