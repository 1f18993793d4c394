// The promise of docs/serving.md in numbers: at least 200,000 requests over at least 20 exchanges for each server,
// none failed, none mixed. What each row holds is printed, and stated in docs/reliability.md.
import { after, before, test } from 'node:test';
import { makeTempDir } from './product-harness.js';
import { missingProgram } from './missing-program.js';
import { installPython } from './python-packages.js';
import type { PythonPackages } from './python-packages.js';
import { nodeApp, wsgiApp } from './serve-apps.js';
import { exchangeUnderLoad } from './serve-rounds.js';

const REQUESTS = 200_000;
const SWITCHES = 20;
const LOAD = { switches: SWITCHES, requestsMin: REQUESTS, keepAlive: 4, oneShot: 4 };

const directory = makeTempDir();
let packages: PythonPackages = { missing: 'not installed yet' };
before(() => {
  packages = installPython(directory.path, ['gunicorn']);
});
after(() => directory.remove());

test(`Node: ${REQUESTS} requests over ${SWITCHES} exchanges, none failed, none mixed`, async (t) => {
  await exchangeUnderLoad(t, { ...LOAD, app: nodeApp() });
});

test(`Node, two workers: ${REQUESTS} requests over ${SWITCHES} exchanges, none failed, none mixed`, async (t) => {
  await exchangeUnderLoad(t, { ...LOAD, app: nodeApp(), options: ['--workers', '2'] });
});

test(`gunicorn: ${REQUESTS} requests over ${SWITCHES} exchanges, none failed, none mixed`, async (t) => {
  if ('missing' in packages) {
    t.skip(packages.missing);
    return;
  }
  // Its plain workers answer every request with Connection: close, also to clients that would stay.
  const start = `PYTHONPATH=${packages.path} exec python3 -m gunicorn --workers 2 --log-level warning wsgi:application`;
  await exchangeUnderLoad(t, { ...LOAD, app: wsgiApp(start) });
});

test(`uWSGI: ${REQUESTS} requests over ${SWITCHES} exchanges, none failed, none mixed`, async (t) => {
  const missing = missingProgram('uwsgi');
  if (missing !== undefined) {
    t.skip(missing);
    return;
  }
  const start =
    'uwsgi --plugin python3 --http-socket fd://3 --wsgi-file wsgi.py --master --processes 2 --lazy-apps ' +
    '--disable-logging --hook-master-start "unix_signal:15 gracefully_kill_them_all"';
  await exchangeUnderLoad(t, { ...LOAD, app: wsgiApp(start) });
});
