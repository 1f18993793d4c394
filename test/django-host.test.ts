// Hosts for a Django app: without tools or network, with a Python that is upgraded, and under load.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Manifest } from '@salver/core';
import { DjangoShop, configure, missingDjango } from './django-shop.js';
import { describeEnd, runJson, runProgram, startCommand, workspaceDirectory } from './product-harness.js';
import { exchangeUnderLoad } from './serve-rounds.js';

const skip = missingDjango() ?? false;
const shop = new DjangoShop();
after(() => shop.remove());
const CHECK =
  'import django, sys; django.setup(); from shop.models import Order; print(Order.objects.count(), sys.version_info[:3])';

/** Version that the fixture is built for. */
async function builtFor(artifact: string): Promise<string> {
  const { needs } = await runJson<Pick<Manifest, 'needs'>>('salver', ['inspect', artifact]);
  return needs.python?.version ?? '';
}

/** Interpreters of this version that are different programs, by their real path. */
function findPythons(version: string): readonly string[] {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin'];
  const question = 'import sys; print(sys._base_executable)';
  const found = directories.flatMap((directory) => {
    const { status, stdout } = spawnSync(join(directory, `python${version}`), ['-I', '-S', '-c', question]);
    return status === 0 ? [realpathSync(stdout.toString().trim())] : [];
  });
  return [...new Set(found)];
}

test('a host with neither pip, compiler, headers nor network runs the app', { skip }, async (t) => {
  if (spawnSync('unshare', ['-n', 'true']).status !== 0) {
    t.skip('network namespaces cannot be made here');
    return;
  }
  const { artifact } = await shop.build(shop.write('1.0.0'));
  const version = await builtFor(artifact);
  const bin = shop.place('poor');
  mkdirSync(bin);
  const link = (path: string, name: string): void => symlinkSync(realpathSync(path), join(bin, name));
  for (const name of ['sh', 'env', 'realpath', 'sync']) link(`/usr/bin/${name}`, name);
  link(process.execPath, 'node');
  // Not the machine's own environment of Python: one program, without the modules beside it that install others.
  link(findPythons(version)[0] ?? '', `python${version}`);
  for (const tool of ['pip', 'pip3', 'cc', 'gcc', 'python3'])
    assert.equal(existsSync(join(bin, tool)), false);
  const root = shop.place('poor root');
  configure(root);
  const program = join(workspaceDirectory, 'node_modules/.bin/salver-host');
  const onHost = async (...words: string[]): Promise<string> => {
    const env = { PATH: bin, DJANGO_SETTINGS_MODULE: 'project.settings' };
    const end = await startCommand('/usr/bin/unshare', ['-n', program, ...words, '--root', root], { env })
      .ended;
    assert.equal(end.status, 0, describeEnd(end));
    return end.stdout;
  };
  await onHost('install', artifact, '--migrate');
  const { ended } = startCommand(
    '/usr/bin/unshare',
    ['-n', program, 'run', '--root', root, '--', 'python', '-c', CHECK],
    {
      env: { PATH: bin, DJANGO_SETTINGS_MODULE: 'project.settings' },
    },
  );
  const ran = await ended;
  assert.match(ran.stdout, /^0 \(3, /, describeEnd(ran));
  await onHost('verify');
});

test(
  'the release runs on after a patch upgrade of Python, and is refused by name for another minor version',
  { skip },
  async (t) => {
    const { artifact } = await shop.build(shop.write('1.0.0'));
    const version = await builtFor(artifact);
    const [before, after] = findPythons(version);
    if (before === undefined || after === undefined) {
      t.skip(`only one Python ${version} is installed here`);
      return;
    }
    const root = shop.place('upgraded');
    configure(root);
    const link = shop.place('opt', `python${version}`);
    mkdirSync(shop.place('opt'));
    symlinkSync(before, link);
    writeFileSync(join(root, 'config/python'), `${link}\n`);
    await shop.install(artifact, root, '--migrate');
    const versionNow = async (): Promise<string> => {
      const env = { DJANGO_SETTINGS_MODULE: 'project.settings' };
      const end = await runProgram('salver-host', ['run', '--root', root, '--', 'python', '-c', CHECK], {
        env,
      });
      assert.equal(end.status, 0, describeEnd(end));
      return end.stdout;
    };
    const first = await versionNow();
    rmSync(link);
    symlinkSync(after, link);
    assert.notEqual(await versionNow(), first);
    assert.equal((await runProgram('salver-host', ['doctor', '--root', root])).status, 0);
  },
);

const GUNICORN = 'gunicorn --workers 2 --log-level warning --graceful-timeout 20 project.wsgi';

test('Django under gunicorn is exchanged under load, and no answer mixes releases', { skip }, async (t) => {
  await exchangeUnderLoad(t, { app: shop.servedBy(GUNICORN), switches: 3, keepAlive: 2, oneShot: 4 });
});
