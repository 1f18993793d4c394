// A host that is up to date and asks again, every few minutes for years: one small request, and not a byte written.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHttpDouble, startS3Double } from '@salver/testing';
import type { HttpDouble, S3Double } from '@salver/testing';
import { listTree } from './list-tree.js';
import { runJson } from './product-harness.js';
import type { InstallReport } from './product-harness.js';
import { missingProgram } from './missing-program.js';
import { startCountingProxy } from './servers/counting-proxy.js';
import { makeSignedStore, trustKeys } from './signed-store.js';
import type { SignedStore } from './signed-store.js';

const REQUESTS_MAX = 2;
const BYTES_MAX = 10_000;

let scratch: string;
let signed: SignedStore;
let http: HttpDouble;
let s3: S3Double;

const noKeygen = missingProgram('ssh-keygen');
const SKIP = { skip: noKeygen ?? false };

before(async () => {
  if (noKeygen !== undefined) return;
  scratch = mkdtempSync(join(tmpdir(), 'salver-poll-'));
  signed = await makeSignedStore(scratch);
  http = await startHttpDouble({ directory: signed.store });
  s3 = await startS3Double();
});
after(async () => {
  if (noKeygen !== undefined) return;
  await http.close();
  await s3.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Everything that a write would change. */
function timesBelow(directory: string): readonly string[] {
  return [...listTree(directory).keys()].map((path) => {
    const { mtimeMs, ctimeMs, ino, size } = statSync(join(directory, path), { throwIfNoEntry: false }) ?? {};
    return `${path} ${mtimeMs} ${ctimeMs} ${ino} ${size}`;
  });
}

interface Place {
  readonly port: number;
  readonly address: (port: number) => string;
  readonly env: Readonly<Record<string, string>>;
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  http: () =>
    Promise.resolve({
      port: Number(new URL(http.url).port),
      address: (port) => `http://127.0.0.1:${port}`,
      env: {},
    }),
  s3: async () => {
    const address = s3.url('prod');
    const endpoint = new URL(address).searchParams.get('endpoint') ?? '';
    const key = signed.key('alice');
    for (const { artifact } of [signed.v1, signed.v2]) {
      await runJson('salver', ['push', artifact, '--store', address, '--key', key], { env: s3.env });
    }
    await runJson('salver', ['promote', 'shop@2.0.0', 'production', '--store', address, '--key', key], {
      env: s3.env,
    });
    const { port } = new URL(endpoint);
    return { port: Number(port), address: (own) => address.replace(port, String(own)), env: s3.env };
  },
};

for (const [kind, place] of Object.entries(PLACES)) {
  for (const isSigned of [false, true]) {
    test(
      `${kind}${isSigned ? ', signed' : ''}: a quiet poll makes one request and writes nothing`,
      SKIP,
      async (t) => {
        const { port, address, env } = await place();
        const proxy = await startCountingProxy(port);
        const root = join(scratch, `root-${kind}-${String(isSigned)}`);
        if (isSigned) trustKeys(signed, root);
        const poll = (): Promise<InstallReport> => {
          const args = ['install', 'shop@production', '--store', address(proxy.port), '--root', root];
          return runJson<InstallReport>('salver-host', args, { env });
        };
        assert.equal((await poll()).changed, true);
        const before = timesBelow(root);
        proxy.forget();
        assert.equal((await poll()).changed, false);
        const { requests, sentBytes, receivedBytes } = proxy.traffic;
        await proxy.stop();
        t.diagnostic(`${requests} request, ${sentBytes} bytes up, ${receivedBytes} down`);
        assert.ok(requests >= 1 && requests <= REQUESTS_MAX, `${requests} requests`);
        assert.ok(sentBytes + receivedBytes <= BYTES_MAX);
        assert.deepEqual(timesBelow(root), before);
      },
    );
  }
}

test('a poll of a directory store writes nothing either', SKIP, async () => {
  const root = join(scratch, 'root-file');
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/stores'), `# where releases come from\n${signed.store}\n`);
  const poll = (): Promise<InstallReport> =>
    runJson<InstallReport>('salver-host', ['install', 'shop@production', '--root', root]);
  assert.equal((await poll()).changed, true);
  const before = timesBelow(root);
  assert.equal((await poll()).changed, false);
  assert.deepEqual(timesBelow(root), before);
});
