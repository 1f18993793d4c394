// docs/operating.md, walked from the first install to the rebuilt host, under real systemd, with the commands that
// stand in it. A block that nobody walks fails the last test.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { DocumentCommands } from './operating/document-commands.js';
import { LOAD_PROGRAM } from './operating/load-process.js';
import type { LoadReport } from './operating/load-process.js';
import { makeShopReleases } from './operating/shop-releases.js';
import { SystemdHost, systemdSkipReason } from './operating/systemd-host.js';
import type { HostResult } from './operating/systemd-host.js';
import { startWatching } from './watching-process.js';

const skip = systemdSkipReason();
const LIMIT_MS = 8 * 60 * 1000;
const document = new DocumentCommands({
  'shop-1.4.2-linux-x64-glibc-4f2a91c07b3e.tar.gz': 'shop-1.4.2.tar.gz',
  'shop-1.4.3-….tar.gz': 'shop-1.4.3.tar.gz',
  'shop-1.5.0-….tar.gz': 'shop-1.5.0.tar.gz',
  '--watch 60s': '--watch 2s',
});
let host: SystemdHost;

before(async () => {
  if (skip !== false) return;
  host = await SystemdHost.boot();
  for (const [name, bytes] of await makeShopReleases()) host.write(`/root/${name}`, bytes);
  host.write('/root/shop.env', 'DATABASE_URL=postgres://db/shop\nGREETING=hello\n');
});

after(() => host?.remove());

/** Runs commands in a session that has done what the document begins with. */
function run(script: string, status = 0): HostResult {
  return host.run(`${document.block('', 'export SALVER_ROOT')}\nset -e\n${script}`, { status });
}

/** Runs a command that must be refused. */
function refused(script: string, code: string, status: number): string {
  const { stderr } = run(script, status);
  assert.match(stderr, new RegExp(`\\[${code}\\]`), stderr);
  return stderr;
}

function current(): string {
  return run('readlink /srv/shop/current')
    .stdout.trim()
    .replace(/^releases\/(.*)-[0-9a-f]{12}$/, '$1');
}

function answer(): { readonly now: string; readonly greeting: string } {
  const { stdout } = run('curl --silent --fail --retry 20 --retry-connrefused http://127.0.0.1:3000/');
  return JSON.parse(stdout) as { now: string; greeting: string };
}

/** Requests go on while `work` does; not one may fail. */
async function underLoad(t: TestContext, work: () => void): Promise<void> {
  const load = await startWatching<LoadReport>(LOAD_PROGRAM, ['3000'], host.enterNetwork);
  try {
    work();
  } finally {
    const report = await load.stop();
    t.diagnostic(`${report.ok} requests, ${report.failed} failed, versions ${report.versions.join(', ')}`);
    assert.deepEqual(report.failures, []);
    assert.equal(report.failed + report.mixed, 0);
    assert.ok(report.ok > 0);
  }
}

let hasFailed = false;

/** Every step stands on the one before: after a failure the rest would only wait. */
async function step(t: TestContext, name: string, work: (t: TestContext) => unknown): Promise<void> {
  if (hasFailed) return;
  await t.test(name, async (own) => {
    hasFailed = true;
    await work(own);
    hasFailed = false;
  });
}

const INSTALL = (version: string): string => `salver-host install shop-${version}.tar.gz`;
const TXID = /"txid":\s*"([^"]+)"/;

function lastTxid(): string {
  const { stdout } = run('salver-host history --last 1 --json');
  return TXID.exec(stdout)?.[1] ?? assert.fail(stdout);
}

test('docs/operating.md works as it is written', { skip, timeout: LIMIT_MS }, async (t) => {
  await step(t, 'first install', () => {
    const at = 'First install';
    run(document.block(at, 'useradd'));
    run(document.block(at, '--dry-run'));
    run(document.block(at, 'salver-host units'));
    assert.equal(current(), '1.4.2');
    const mode = run('stat -c "%a %U %G" /srv/shop/config/env').stdout.trim();
    assert.equal(mode, '640 root shop');
    assert.equal(run('stat -c %U /srv/shop/shared/uploads').stdout, 'shop\n');
  });

  await step(t, 'a variable that the release requires is missing', () => {
    run('sed -i s/^DATABASE_URL/#DATABASE_URL/ /srv/shop/config/env');
    assert.match(refused(INSTALL('1.4.3'), 'E_ENV_UNMET', 5), /DATABASE_URL/);
    run('sed -i s/^#DATABASE_URL/DATABASE_URL/ /srv/shop/config/env');
  });

  await step(t, 'systemd', async (t) => {
    const { stdout, stderr } = run('systemd-analyze verify shop.service shop.socket');
    assert.doesNotMatch(stdout + stderr, /shop\./);
    assert.deepEqual([answer().now, answer().greeting], ['1.4.2', 'hello']);
    await underLoad(t, () => {
      run('sed -i s/^GREETING=.*/GREETING=bonjour/ /srv/shop/config/env');
      run('systemctl reload shop; sleep 4');
    });
    assert.equal(answer().greeting, 'bonjour');
    assert.match(run('journalctl --no-pager -u shop').stdout, /1\.4\.2/);
    await underLoad(t, () => void run('systemctl restart shop'));
    run('kill -9 $(systemctl show --value -p MainPID shop); sleep 2');
    assert.equal(answer().now, '1.4.2');
  });

  await step(t, 'deploying', async (t) => {
    await underLoad(t, () => void run(document.line('Deploying', '--watch 60s')));
    assert.deepEqual([current(), answer().now], ['1.4.3', '1.4.3']);
    assert.match(run(INSTALL('1.4.3')).stderr, /nothing to do/);
    run(`salver-host rollback && ${INSTALL('1.4.2')}`);
    run(document.block('Deploying', '--no-activate'));
    assert.equal(current(), '1.4.3');
  });

  await step(t, 'migrations', () => {
    const at = 'Migrations';
    run(document.line(at, '# on one host'));
    assert.equal(run('cat /srv/shop/shared/uploads/migrated').stdout, '1.5.0\n');
    run(document.line(at, '# on all others'));
    assert.equal(run('cat /srv/shop/shared/uploads/migrated').stdout, '1.5.0\n');
    run(`salver-host rollback && salver-host activate 1.5.0`);
    refused(`${INSTALL('1.7.0')} --migrate`, 'E_HOOK_FAILED', 1);
    assert.equal(current(), '1.5.0');
    const shown = run(document.line(at, 'TXID', { TXID: lastTxid() })).stdout;
    assert.match(shown, /column exists/);
  });

  await step(t, 'a deploy failed', async (t) => {
    const at = 'A deploy failed';
    await underLoad(t, () => {
      assert.match(refused(INSTALL('1.7.1'), 'E_ACTIVATION_FAILED', 6), /candidate[\s\S]*no database/);
    });
    // Without a candidate check its bad answers do reach clients, until the check gives up.
    refused(INSTALL('1.7.2'), 'E_ACTIVATION_FAILED', 6);
    assert.deepEqual([current(), answer().now], ['1.5.0', '1.5.0']);
    assert.match(run('salver-host releases').stdout, /1\.7\.2.*failed/);
    assert.match(run(document.line(at, 'salver-host status')).stdout, /1\.5\.0/);
    assert.match(run(document.line(at, 'salver-host releases')).stdout, /1\.7\.1/);
    run('salver-host install shop-1.4.3.tar.gz; salver-host activate 1.5.0');
    const byHand = document.line(at, 'salver-host run --release 1.4.3');
    run(
      `(PORT=4000 timeout 5 ${byHand.replace(/#.*/, '')}) & curl -sf --retry 9 --retry-connrefused http://127.0.0.1:4000/`,
    );
    run(document.line(at, 'salver-host activate 1.4.3'));
    assert.equal(current(), '1.4.3');
  });

  await step(t, 'going back', async (t) => {
    const at = 'Going back';
    await underLoad(t, () => void run(document.block(at, 'rollback --dry-run')));
    assert.equal(current(), '1.5.0');
    run(`${INSTALL('1.4.0')}; salver-host activate 1.5.0`);
    run(document.block(at, 'salver-host activate 1.4.0'));
    assert.equal(current(), '1.4.0');
    run('salver-host activate 1.5.0');
  });

  await step(t, 'the disk is full', async (t) => {
    const at = 'The disk is full';
    run('dd if=/dev/zero of=/srv/ballast bs=64k status=none || true; sync');
    refused(INSTALL('1.6.0'), 'E_NO_SPACE', 5);
    await underLoad(t, () => void run('salver-host rollback'));
    assert.equal(current(), '1.4.0');
    run(document.block(at, 'df -h'));
    run('rm /srv/ballast');
    run('salver-host pin 1.4.0 && salver-host pin 1.4.0 --remove');
  });

  await step(t, 'a lock that is held', () => {
    const at = '"is locked by process …" (`E_LOCK_HELD`)';
    run('nohup salver-host install shop-1.7.3.tar.gz >/dev/null 2>&1 & sleep 3');
    const message = refused('salver-host activate 1.5.0', 'E_LOCK_HELD', 5);
    const pid = /process (\d+)/.exec(message)?.[1] ?? assert.fail(message);
    assert.match(run(document.line(at, 'ps -o', { PID: pid })).stdout, /install shop-1\.7\.3/);
    run(`kill ${pid}; sleep 1; salver-host activate 1.5.0`);
    assert.equal(current(), '1.5.0');
  });

  await step(t, 'killed, and rebooted', async () => {
    const at = 'A command was killed, or the host lost power';
    run('(salver-host install shop-1.7.3.tar.gz & echo $! > /run/victim; wait) >/dev/null 2>&1 & sleep 3');
    run('kill -9 $(cat /run/victim); sleep 1');
    run(document.block(at, 'salver-host recover'));
    run(`cat > /etc/systemd/system/shop-recover.service <<'END'\n${document.block(at, '[Unit]')}\nEND`);
    run('systemd-analyze verify shop-recover.service && systemctl enable shop-recover.service && sync');
    await host.reboot();
    assert.equal(answer().now, '1.5.0');
    assert.match(run('systemctl status shop-recover.service || true').stdout, /status=0\/SUCCESS/);
  });

  await step(t, 'files of a release have been changed', () => {
    const at = 'Files of a release have been changed';
    run('salver-host activate 1.4.2 || salver-host install shop-1.4.2.tar.gz; salver-host activate 1.5.0');
    // A file of its own: an edit in place would reach the releases that share it.
    run("sed -i '$a changed' /srv/shop/releases/1.4.2-*/server.js");
    assert.match(run(`${document.block(at, 'salver-host verify')}`, 3).stderr, /server\.js/);
    run('salver-host install shop-1.4.2.tar.gz --no-activate && salver-host verify 1.4.2');
  });

  await step(t, 'a migration that takes something away', () => {
    run(`${INSTALL('1.6.0')} --migrate`);
    assert.match(refused('salver-host rollback', 'E_ROLLBACK_UNSAFE', 1), /1\.6\.0/);
    run('salver-host rollback --force');
    assert.match(run('salver-host history').stdout, /force/);
    assert.equal(current(), '1.5.0');
  });

  await step(t, 'the host is rebuilt', async (t) => {
    const at = 'The host is rebuilt';
    run('rsync -aH /srv/shop/ /srv/copy/ 2>/dev/null || cp -a /srv/shop /srv/copy');
    run('SALVER_ROOT=/srv/copy salver-host verify && SALVER_ROOT=/srv/copy salver-host doctor');
    run(document.line(at, 'history --verify'));
    run(
      'systemctl stop shop.service shop.socket; mkdir /srv/saved && cp -a /srv/shop/config /srv/shop/shared /srv/saved',
    );
    run('rm -r /srv/shop /srv/copy && install -d -m 0755 /srv/shop && cp -a /srv/saved/. /srv/shop');
    run(`${INSTALL('1.4.3')} --no-activate; ${INSTALL('1.5.0')} --no-activate`);
    run('systemctl enable --now shop.socket shop.service');
    run('salver-host activate 1.4.3 && salver-host activate 1.5.0');
    assert.equal(answer().now, '1.5.0');
    assert.equal(run('cat /srv/shop/shared/uploads/migrated').stdout, '1.5.0\n1.6.0\n');
    await underLoad(t, () => void run('salver-host rollback'));
    assert.equal(current(), '1.4.3');
  });

  await step(t, 'who is told', () => {
    const at = 'Who is told';
    run(`install -m 0600 /dev/stdin /srv/shop/config/webhooks.json <<'END'
{"webhooks":{"team":{"template":"slack","url":"http://127.0.0.1:9/"}}}
END`);
    run('salver-host activate 1.5.0');
    assert.match(run(document.line(at, 'salver-host events  ')).stdout, /team/);
    run(document.line(at, 'events --test'), 4);
    run(document.line(at, 'events --flush'), 4);
  });

  await step(t, 'where one begins when one does not know', () => {
    run(document.block('', 'salver-host doctor'));
  });

  await step(t, 'every block of the document has been walked', () => {
    assert.deepEqual(
      document.left.map(({ heading, text }) => `${heading}: ${text}`),
      [],
    );
  });
});
