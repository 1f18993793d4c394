// The promise of docs/serving.md for a Django release, with its own environment: at least 200,000 requests over at least
// 20 exchanges for each server, none failed, none mixed.
import { after, test } from 'node:test';
import { DjangoShop, missingDjango } from './django-shop.js';
import { missingProgram } from './missing-program.js';
import { exchangeUnderLoad } from './serve-rounds.js';

const REQUESTS = 200_000;
const SWITCHES = 20;

const skip = missingDjango() ?? false;
const shop = new DjangoShop();
after(() => shop.remove());

const GUNICORN = 'gunicorn --workers 2 --log-level warning --graceful-timeout 20 project.wsgi';
const UWSGI =
  'uwsgi --plugin python3 --http-socket fd://3 --virtualenv .venv --module project.wsgi --master --processes 2 ' +
  '--lazy-apps --need-app --disable-logging --hook-master-start "unix_signal:15 gracefully_kill_them_all"';

for (const [name, start, missing] of [
  ['gunicorn', GUNICORN, undefined],
  ['uWSGI', UWSGI, missingProgram('uwsgi')],
] as const) {
  test(
    `Django under ${name}: ${REQUESTS} requests over ${SWITCHES} exchanges, none failed, none mixed`,
    {
      skip: skip === false ? (missing ?? false) : skip,
    },
    async (t) => {
      const load = { switches: SWITCHES, requestsMin: REQUESTS, keepAlive: 4, oneShot: 4 };
      await exchangeUnderLoad(t, { ...load, app: shop.servedBy(start) });
    },
  );
}
