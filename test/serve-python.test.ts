// The servers of the Python world on the supervisor's socket, exchanged under load.
import { after, before, test } from 'node:test';
import { makeTempDir } from './product-harness.js';
import { missingProgram } from './missing-program.js';
import { installPython } from './python-packages.js';
import type { PythonPackages } from './python-packages.js';
import { asgiApp, wsgiApp } from './serve-apps.js';
import type { ServedApp } from './serve-apps.js';
import { exchangeUnderLoad } from './serve-rounds.js';

const directory = makeTempDir();
let packages: PythonPackages = { missing: 'not installed yet' };
before(() => {
  packages = installPython(directory.path, ['gunicorn', 'uvicorn']);
});
after(() => directory.remove());

const GUNICORN = 'python3 -m gunicorn --log-level warning --graceful-timeout 20 wsgi:application';
const UVICORN = 'python3 -m uvicorn --fd 3 --log-level warning --timeout-keep-alive 60 asgi:application';
const UWSGI =
  'uwsgi --plugin python3 --http-socket fd://3 --wsgi-file wsgi.py --master --processes 2 --lazy-apps ' +
  '--disable-logging --hook-master-start "unix_signal:15 gracefully_kill_them_all"';

/**
 * Each server with the clients that it can serve without a break: see docs/serving.md. uvicorn may cut off whoever it
 * has just accepted: at most one request of each of the four clients.
 */
const CASES: readonly {
  readonly name: string;
  readonly app: ServedApp;
  readonly keepAlive: number;
  readonly cutsMax?: number;
  readonly program?: string;
}[] = [
  { name: 'gunicorn', app: wsgiApp(GUNICORN + ' --workers 2'), keepAlive: 2 },
  { name: 'gunicorn with threads', app: wsgiApp(GUNICORN + ' --threads 4 --keep-alive 0'), keepAlive: 2 },
  { name: 'uvicorn', app: asgiApp(UVICORN), keepAlive: 0, cutsMax: 4 },
  { name: 'uWSGI', app: wsgiApp(UWSGI), keepAlive: 2, program: 'uwsgi' },
];

for (const { name, app, keepAlive, cutsMax = 0, program } of CASES) {
  test(`${name} is exchanged under load: ${
    cutsMax === 0 ? 'no request fails' : 'hardly a request fails'
  }, and no answer mixes releases`, async (t) => {
    const missing =
      program === undefined
        ? 'missing' in packages
          ? packages.missing
          : undefined
        : missingProgram(program);
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    const start =
      'path' in packages ? `PYTHONPATH=${packages.path} exec ${app.host.start ?? ''}` : app.host.start;
    const host = { ...app.host, start: start ?? '' };
    await exchangeUnderLoad(t, { app: { ...app, host }, switches: 3, keepAlive, oneShot: 4, cutsMax });
  });
}
