// Django under every server of Python: exchanged by the supervisor under load, and uWSGI by its own signal.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DjangoShop, missingDjango } from './django-shop.js';
import { describeCounts, startLoad, totalOf } from './load-client.js';
import { missingProgram } from './missing-program.js';
import { describeEnd, runProgram, startCommand } from './product-harness.js';
import { exchangeUnderLoad } from './serve-rounds.js';
import { until } from './supervised.js';

const skip = missingDjango() ?? false;
const shop = new DjangoShop();
after(() => shop.remove());

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
    await exchangeUnderLoad(t, { app: shop.servedBy(start), switches: 3, keepAlive, oneShot: 4, cutsMax });
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
