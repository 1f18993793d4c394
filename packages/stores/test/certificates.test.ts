// Stores behind a certificate of a team's own authority.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startS3Double } from '@salver/testing';
import type { Store } from '@salver/core';
import { openStore } from '@salver/stores';

const missing =
  spawnSync('openssl', ['version']).error === undefined ? undefined : 'openssl is not installed';

describe('certificates', { skip: missing ?? false }, () => {
  let directory: string;
  let tls: { readonly key: string; readonly cert: string };

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'salver-tls-'));
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ];
    assert.equal(spawnSync('openssl', args).status, 0);
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  });
  after(() => rmSync(directory, { recursive: true }));

  function open(address: string, env: Readonly<Record<string, string>> = {}): Promise<Store> {
    return openStore(address, { workingDir: directory, env });
  }

  test('https: refused by name without the authority, read with it', async () => {
    const server = createServer(tls, (_request, response) =>
      response.writeHead(200, { etag: '"1"' }).end('hello'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/prod`;
    try {
      const stranger = await open(url);
      await assert.rejects(
        stranger.readSmall('shop/a', { bytesMax: 10 }),
        (error: { code: string; hint: string }) => {
          assert.equal(error.code, 'E_STORE_MISCONFIGURED');
          assert.match(error.hint, /\?ca=FILE/);
          return true;
        },
      );
      stranger.close();
      const store = await open(`${url}?ca=${join(directory, 'cert.pem')}`);
      const read = await store.readSmall('shop/a', { bytesMax: 10 });
      assert.ok(typeof read === 'object' && read.bytes.toString() === 'hello');
      store.close();
      await assert.rejects(open(`${url}?ca=${directory}/none.pem`), { code: 'E_FILE_SYSTEM' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('s3: the same', { timeout: 60_000 }, async () => {
    const double = await startS3Double({ tls });
    Object.assign(process.env, double.env);
    try {
      const stranger = await open(double.url('p'), double.env);
      await assert.rejects(stranger.stat('shop/a'), { code: 'E_STORE_MISCONFIGURED' });
      stranger.close();
      const store = await open(`${double.url('p')}&ca=${join(directory, 'cert.pem')}`, double.env);
      assert.equal(await store.stat('shop/a'), undefined);
      store.close();
    } finally {
      await double.close();
    }
  });
});
