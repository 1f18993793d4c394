// The environment against what pip installs from the same lock.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildApp, listTree, runCommand, startCommand } from './product-harness.js';
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
    assert.deepEqual(differences(join(root, 'current/.venv'), venv), []);
    const check = await runCommand(pip, ['--python', join(root, 'current/.venv/bin/python'), 'check'], {
      env,
    });
    assert.match(check.stdout, /No broken requirements/);
  },
);

/** What the two trees may differ in, and why. */
const EXPLAINED: readonly (readonly [path: RegExp, why: string])[] = [
  [
    /^(bin\/(python|pip|activate|Activate)|pyvenv\.cfg$|include$|include\/python3\.[0-9]+$)/,
    'the venv itself, made by the host',
  ],
  [
    /site-packages\/(pip|setuptools|pkg_resources|_distutils_hack|distutils-precedence\.pth|wheel)/,
    'what venv installs',
  ],
  [/dist-info\/(INSTALLER|REQUESTED|RECORD)$/, 'names the installer, and files that follow'],
  [/\/__pycache__\//, 'bytecode that needs no times'],
  [/^bin\/(fx-tool|fx-extra|fx-script)$/, 'launchers that name no path'],
  [/\/fx_native\..*\.so$/, 'compiled in another directory, whose name it holds'],
  [/^libexec(\/fx-script)?$/, 'the body of a script that has a launcher'],
];

function differences(ours: string, theirs: string): readonly string[] {
  const [left, right] = [listTree(ours), listTree(theirs)];
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  assert.ok(paths.filter((path) => !EXPLAINED.some(([pattern]) => pattern.test(path))).length > 30);
  // Bytecode is there for the same modules, although its bytes differ.
  const compiled = (tree: typeof left): readonly string[] =>
    [...tree.keys()].filter(
      (path) => path.endsWith('.pyc') && !/(pip|setuptools|pkg_resources|_distutils_hack)\//.test(path),
    );
  assert.deepEqual(compiled(left), compiled(right));
  return paths.filter((path) => {
    if (EXPLAINED.some(([pattern]) => pattern.test(path))) return false;
    return JSON.stringify(left.get(path)) !== JSON.stringify(right.get(path));
  });
}
