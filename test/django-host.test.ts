// Hosts for a Django app: without tools or network, with a Python that is upgraded, and under load.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Manifest } from '@salver/core';
import { DjangoShop, configure, missingDjango } from './django-shop.js';
import { describeEnd, runJson, runProgram, startCommand, workspaceDirectory } from './product-harness.js';
import { exchangeUnderLoad } from './serve-rounds.js';
import { describeCounts, startLoad, totalOf } from './load-client.js';
import { missingProgram } from './missing-program.js';
import { until } from './supervised.js';

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

const UWSGI =
  'uwsgi --plugin python3 --http-socket fd://3 --virtualenv .venv --module project.wsgi --master --processes 2 ' +
  '--lazy-apps --need-app --disable-logging --hook-master-start "unix_signal:15 gracefully_kill_them_all"';
const SERVERS: readonly (readonly [name: string, start: string, keepAlive: number, cutsMax: number])[] = [
  ['gunicorn', 'gunicorn --workers 2 --log-level warning --graceful-timeout 20 project.wsgi', 2, 0],
  ['uvicorn', 'uvicorn --fd 3 --log-level warning --timeout-keep-alive 60 project.asgi:application', 0, 4],
  ['uWSGI', UWSGI, 2, 0],
];

for (const [name, start, keepAlive, cutsMax] of SERVERS) {
  test(`Django under ${name} is exchanged under load, and no answer mixes releases`, { skip }, async (t) => {
    const missing = name === 'uWSGI' ? missingProgram('uwsgi') : undefined;
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    const install = async (root: string, version: string): Promise<string> => {
      const { artifact } = await shop.build(shop.write(version, {}, { start }));
      return (await shop.install(artifact, root, '--no-activate')).release;
    };
    await exchangeUnderLoad(t, { app: install, switches: 3, keepAlive, oneShot: 4, cutsMax });
  });
}

test(
  'uWSGI left to itself follows current at its own HUP, with the ini that the build wrote',
  { skip: skip || (missingProgram('uwsgi') ?? false) },
  async (t) => {
    const root = shop.place('hup');
    const pidFile = shop.place('uwsgi.pid');
    const settings = {
      django: { buildEnv: { SECRET_KEY: 'build-only' }, uwsgi: true },
      hooks: { reload: `kill -HUP $(cat '${pidFile}')`, check: { run: 'sleep 2' } },
    };
    const [first, second] = [
      await shop.build(shop.write('1.0.0', {}, settings)),
      await shop.build(shop.write('2.0.0', {}, settings)),
    ];
    await shop.install(first.artifact, root, '--no-activate');
    await shop.install(second.artifact, root, '--no-activate');
    symlinkSync(`releases/1.0.0-${first.id.slice(0, 12)}`, join(root, 'current'));
    const port = await freePort();
    const words = [
      '--plugin',
      'python3',
      '--ini',
      join(root, 'current/uwsgi.ini'),
      '--http-socket',
      `127.0.0.1:${port}`,
    ];
    const env = { SECRET_KEY: 'of-this-host', DATABASE_FILE: join(root, 'db.sqlite3') };
    const server = startCommand('uwsgi', [...words, '--pidfile', pidFile, '--disable-logging'], { env });
    t.after(() => void server.child.kill('SIGKILL'));
    await until('uWSGI answers', () => answers(port));
    const load = startLoad({ port, keepAlive: 2, oneShot: 2 });
    for (const release of ['2.0.0', '1.0.0', '2.0.0']) {
      const id = release === '1.0.0' ? first.id : second.id;
      const end = await runProgram('salver-host', ['activate', id.slice(0, 12), '--root', root]);
      assert.equal(end.status, 0, describeEnd(end));
    }
    const counts = await load.stop();
    server.child.kill('SIGTERM');
    t.diagnostic(describeCounts(counts));
    assert.deepEqual([totalOf(counts, 'failed'), totalOf(counts, 'mixed')], [0, 0], describeCounts(counts));
    assert.deepEqual([...counts.oneShot.byVersion.keys()].sort(), ['1.0.0', '2.0.0']);
  },
);

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
