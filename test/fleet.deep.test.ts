// Fifty hosts that follow one channel of one S3 server: what an update of all moves, in how many requests and how long, and
// what a quiet poll of all costs. docs/scale.md goes on from these figures. `npm run test:deep -- fleet`
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson, workspaceDirectory } from './product-harness.js';
import type { BuildReport, InstallReport } from './product-harness.js';
import { startCountingProxy } from './servers/counting-proxy.js';
import type { CountingProxy } from './servers/counting-proxy.js';
import { startVersitygw, versitygwMissing } from './servers/versitygw.js';

const HOSTS = 50;
/** Installations at a time: this machine has two cores. */
const AT_A_TIME = 4;

/** Two versions of an app with 230 packages: own code and nothing else has changed. */
async function buildVersions(scratch: string): Promise<readonly BuildReport[]> {
  const built: BuildReport[] = [];
  for (const version of ['1.0.0', '2.0.0']) {
    const project = join(scratch, `app-${version}`);
    cpSync(join(workspaceDirectory, 'fixtures/locks/medium'), project, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    delete manifest['scripts'];
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(project, 'salver.json'), JSON.stringify({ name: 'shop', version }));
    mkdirSync(join(project, 'src'));
    for (let index = 0; index < 200; index += 1) {
      const text = `exports.a${index} = ${JSON.stringify(`${index}-`.repeat(500))};\n`;
      writeFileSync(join(project, `src/${index}.js`), `${text}${index % 10 === 0 ? version : ''}`);
    }
    const env = { SALVER_CACHE: join(scratch, 'cache') };
    built.push(
      await runJson<BuildReport>('salver', ['build', project, '--output', join(scratch, 'out')], { env }),
    );
  }
  return built;
}

interface Round {
  readonly bytes: number;
  readonly requests: number;
  readonly wallMs: number;
  readonly reports: readonly InstallReport[];
}

/** All hosts install what the channel names. */
async function installAll(
  proxy: CountingProxy,
  install: (host: number) => Promise<InstallReport>,
): Promise<Round> {
  proxy.forget();
  const began = performance.now();
  const reports: InstallReport[] = [];
  const hosts = Array.from({ length: HOSTS }, (_, index) => index)[Symbol.iterator]();
  const next = async (): Promise<void> => {
    for (const host of { [Symbol.iterator]: () => hosts }) reports.push(await install(host));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  const { sentBytes, receivedBytes, requests } = proxy.traffic;
  return { bytes: sentBytes + receivedBytes, requests, wallMs: performance.now() - began, reports };
}

test(`${HOSTS} hosts follow one channel of one S3 server`, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'salver-fleet-'));
  const missing = versitygwMissing(scratch);
  if (missing !== undefined) {
    t.skip(missing);
    return;
  }
  const server = await startVersitygw(join(scratch, 's3'));
  const address = server.url('prod');
  const port = Number(new URL(new URL(address).searchParams.get('endpoint') ?? '').port);
  const proxy = await startCountingProxy(port);
  try {
    const { env } = server;
    const built = await buildVersions(scratch);
    const promote = async (build: BuildReport | undefined): Promise<void> => {
      await runJson('salver', ['push', build?.artifact ?? '', '--store', address], { env });
      await runJson('salver', ['promote', `shop@${build?.version ?? ''}`, 'production', '--store', address], {
        env,
      });
    };
    const store = address.replace(String(port), String(proxy.port));
    const install = (host: number): Promise<InstallReport> => {
      const args = ['install', 'shop@production', '--store', store, '--root', join(scratch, `host-${host}`)];
      return runJson<InstallReport>('salver-host', args, { env });
    };
    await promote(built[0]);
    const first = await installAll(proxy, install);
    await promote(built[1]);
    const update = await installAll(proxy, install);
    const quiet = await installAll(proxy, install);
    assert.ok(first.reports.every(({ id, changed }) => changed && id === built[0]?.id));
    assert.ok(update.reports.every(({ id, changed }) => changed && id === built[1]?.id));
    assert.ok(quiet.reports.every(({ changed }) => !changed));
    t.diagnostic(`artifact: ${built[1]?.sizeBytes} bytes`);
    for (const [name, { bytes, requests, wallMs }] of Object.entries({ first, update, quiet })) {
      const each = `${Math.round(bytes / HOSTS)} bytes and ${requests / HOSTS} requests each`;
      t.diagnostic(`${name}: ${bytes} bytes, ${requests} requests, ${Math.round(wallMs)} ms; ${each}`);
    }
    assert.ok(update.bytes < first.bytes / 2);
    assert.ok(quiet.requests <= HOSTS * 2 && quiet.bytes <= HOSTS * 10_000);
  } finally {
    await proxy.stop();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
});
