// The contract of stores on real ones: what the doubles of the unit tests stand for. `npm run test:deep -- store-servers`
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openFileStore, openHttpStore, openS3Store } from '@salver/stores';
import { describeReadableStore, describeStore } from '@salver/testing';
import { nginxMissing, startNginx } from './servers/nginx.js';
import { radosgwMissing, startRadosgw } from './servers/radosgw.js';
import type { S3Server } from './servers/s3-server.js';
import { mountSshfs, sshfsMissing } from './servers/sshfs.js';
import { startVersitygw, versitygwMissing } from './servers/versitygw.js';

const SCRATCH = mkdtempSync(join(tmpdir(), 'salver-servers-'));
const running: Promise<{ stop(): Promise<void> }>[] = [];
after(async () => {
  for (const server of running) await (await server).stop();
  rmSync(SCRATCH, { recursive: true, force: true });
});

/** Starts it when the first test asks, and stops it at the end. */
function once<T extends { stop(): Promise<void> }>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    if (started === undefined) {
      started = start();
      running.push(started);
    }
    return started;
  };
}

/** Describes a server, or says why it is left out. */
function withServer(name: string, missing: string | undefined, describe: () => void): void {
  if (missing === undefined) describe();
  else void test(name, { skip: missing }, () => undefined);
}

function describeS3(kind: string, start: (scratch: string) => Promise<S3Server>): void {
  const server = once(() => start(join(SCRATCH, kind)));
  describeStore(kind, async () => {
    const { url, env } = await server();
    Object.assign(process.env, env);
    const address = new URL(url(randomUUID()));
    return () => openS3Store(address, env);
  });
}

withServer('sshfs', sshfsMissing(), () => {
  const mount = once(() => mountSshfs(join(SCRATCH, 'sshfs')));
  describeStore('sshfs', async () => {
    const directory = join((await mount()).directory, randomUUID());
    mkdirSync(directory);
    return () => openFileStore(directory);
  });
});

withServer('nginx', nginxMissing(), () => {
  const root = join(SCRATCH, 'nginx-root');
  mkdirSync(root);
  const server = once(() => startNginx(root, join(SCRATCH, 'nginx')));
  describeReadableStore('nginx', async () => {
    const name = randomUUID();
    mkdirSync(join(root, name));
    const { url } = await server();
    return { store: openHttpStore(new URL(`${url}/${name}`)), seed: await openFileStore(join(root, name)) };
  });
});

withServer('versitygw', versitygwMissing(SCRATCH), () => describeS3('versitygw', startVersitygw));
withServer('radosgw', radosgwMissing(), () => describeS3('radosgw', startRadosgw));
