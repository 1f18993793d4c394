// Ceph's gateway with a monitor and one object store in memory: the older server that teams run on their own machines.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from './s3-server.js';
import { missingProgram } from '../missing-program.js';
import { freePort, startProcess, waitForPort } from './server-process.js';
import type { StartedProcess } from './server-process.js';

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph'];
const ACCESS = 'AKTEST';
const SECRET = 'SKTEST';

export function radosgwMissing(): string | undefined {
  const missing = PROGRAMS.filter((program) => missingProgram(program) !== undefined);
  if (missing.length > 0)
    return `${missing.join(', ')} not installed (Debian: ceph-mon ceph-osd radosgw ceph-common)`;
  return process.getuid?.() === 0 ? undefined : 'needs root';
}

/** Takes some 15 seconds. */
export async function startRadosgw(scratch: string): Promise<S3Server> {
  const [monPort, port] = [await freePort(), await freePort()];
  const cluster = new Cluster(scratch, monPort);
  await cluster.start(port);
  const endpoint = `http://127.0.0.1:${port}`;
  await makeBucket(endpoint);
  return {
    url: (prefix) => `s3://artifacts/${prefix}?endpoint=${endpoint}`,
    env: { AWS_ACCESS_KEY_ID: ACCESS, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'us-east-1' },
    stop: () => cluster.stop(),
  };
}

class Cluster {
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #fsid = randomUUID();
  readonly #monPort: number;
  readonly #started: StartedProcess[] = [];

  constructor(directory: string, monPort: number) {
    this.#directory = directory;
    this.#monPort = monPort;
    this.#env = { CEPH_ARGS: `-c ${directory}/ceph.conf` };
  }

  async start(port: number): Promise<void> {
    const d = this.#directory;
    for (const name of ['mon', 'osd', 'rgw']) mkdirSync(join(d, name), { recursive: true });
    writeFileSync(join(d, 'ceph.conf'), this.#config());
    this.#run(
      'monmaptool',
      '--create',
      '--clobber',
      '--addv',
      'a',
      `[v1:127.0.0.1:${this.#monPort}]`,
      '--fsid',
      this.#fsid,
      `${d}/monmap`,
    );
    this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', `${d}/monmap`, '--keyring', '/dev/null');
    await this.#serve('ceph-mon', ['-f', '-i', 'a'], this.#monPort);
    // With the uuid given: without it one in four of these starts failed (notes/infra.md 1.3).
    const uuid = randomUUID();
    const id = this.#run('ceph', 'osd', 'new', uuid).trim();
    this.#run('ceph-osd', '-i', id, '--mkfs', '--osd-uuid', uuid);
    this.#run('ceph', 'osd', 'crush', 'add', `osd.${id}`, '1.0', 'root=default', 'host=localhost');
    this.#started.push(startProcess('ceph-osd', ['-f', '-i', id], this.#env));
    const frontend = ['--rgw-frontends', `beast endpoint=127.0.0.1:${port}`];
    await this.#serve('radosgw', ['-f', '-n', 'client.rgw', ...frontend], port);
    this.#run(
      'radosgw-admin',
      'user',
      'create',
      '--uid=t',
      '--display-name=t',
      `--access-key=${ACCESS}`,
      `--secret-key=${SECRET}`,
    );
  }

  async stop(): Promise<void> {
    for (const started of this.#started.reverse()) await started.stop();
  }

  async #serve(program: string, args: readonly string[], port: number): Promise<void> {
    const started = startProcess(program, args, this.#env);
    this.#started.push(started);
    await waitForPort(port, started.ended);
  }

  #run(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, {
      env: { ...process.env, ...this.#env },
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}${this.#log('mon.a')}`);
    return stdout;
  }

  #log(name: string): string {
    try {
      return readFileSync(`${this.#directory}/${name}.log`, 'utf8').slice(-1000);
    } catch {
      return '';
    }
  }

  #config(): string {
    const d = this.#directory;
    return `[global]
fsid=${this.#fsid}
mon host=[v1:127.0.0.1:${this.#monPort}]
mon initial members=a
auth cluster required=none
auth service required=none
auth client required=none
osd pool default size=1
osd pool default min size=1
osd pool default pg num=1
osd pool default pgp num=1
osd crush chooseleaf type=0
mon allow pool size one=true
osd objectstore=memstore
memstore device bytes=2147483648
osd max object name len=256
osd max object namespace len=64
osd class update on start=false
osd crush update on start=false
public addr=127.0.0.1
cluster addr=127.0.0.1
ms bind ipv6=false
ms bind msgr2=false
run dir=${d}
log file=${d}/$name.log
admin socket=${d}/$name.asok
pid file=${d}/$name.pid
mon data=${d}/mon
osd data=${d}/osd
rgw data=${d}/rgw
`;
  }
}

/** The first bucket takes some seconds: the gateway makes its pools. */
async function makeBucket(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: ACCESS, secretAccessKey: SECRET };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  for (let tries = 1; ; tries += 1) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'artifacts' }));
      break;
    } catch (error) {
      if (tries === 20) throw error;
      await delay(500);
    }
  }
  client.destroy();
}
