// Webhooks through the built program: what an operator sees, and what a receiver gets.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { enqueueEvents } from '@salver/installer';
import type { ReleaseOccurrence } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { runJson, runProgram, startProgram, withTempDir } from './product-harness.js';
import type { ProgramResult } from './product-harness.js';
import { assertRefused } from './refusal.js';

/** What an event says, as far as these tests look. */
interface Told {
  readonly type: string;
  readonly data: { readonly customData?: { readonly release?: string; readonly previous?: string | null } };
}

interface Receiver {
  readonly url: string;
  /** Ids of the events that came in, in order. */
  readonly ids: readonly string[];
  readonly told: readonly Told[];
  readonly received: (count: number) => Promise<void>;
  readonly close: () => void;
}

/** Answers the statuses one after the other, then 200; 0 is no answer at all. */
async function startReceiver(statuses: readonly number[] = []): Promise<Receiver> {
  const ids: string[] = [];
  const told: Told[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const status = statuses[ids.length] ?? 200;
      const event = JSON.parse(body) as { id: string } & Told;
      ids.push(event.id);
      told.push(event);
      for (const { count, resolve } of waiting) if (ids.length >= count) resolve();
      if (status !== 0) response.writeHead(status).end('thank you: /secret-path');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`,
    ids,
    told,
    received: (count) =>
      ids.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.push({ count, resolve })),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Stage {
  readonly root: string;
  readonly receiver: Receiver;
  readonly host: (...args: readonly string[]) => Promise<ProgramResult>;
  readonly artifactOf: (version: string, host: HostSettings) => Promise<string>;
  readonly enqueue: (txid: string) => void;
}

/** A root with an installed release and one webhook. */
async function withStage(statuses: readonly number[], work: (stage: Stage) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const receiver = await startReceiver(statuses);
    try {
      const root = join(directory, 'root');
      const artifactOf = async (version: string, host: HostSettings): Promise<string> => {
        const { bytes } = await makeArtifact({ 'server.js': version }, { name: 'shop', version, host });
        const path = join(directory, `shop-${version}.tar.gz`);
        writeFileSync(path, bytes);
        return path;
      };
      const artifact = await artifactOf('1.4.2', {});
      const installed = await runJson<{ release: string; id: string }>('salver-host', [
        'install',
        artifact,
        '--root',
        root,
      ]);
      mkdirSync(join(root, 'config'), { recursive: true });
      writeFileSync(join(root, 'config/env'), `HOOK=${receiver.url}\n`, { mode: 0o600 });
      const webhooks = { team: { url: 'env:HOOK', secret: 'sixteen characters' } };
      writeFileSync(join(root, 'config/webhooks.json'), JSON.stringify({ webhooks }), { mode: 0o600 });
      await work({
        root,
        receiver,
        artifactOf,
        host: (...args) => runProgram('salver-host', ['events', ...args, '--root', root, '--json']),
        enqueue: (txid) => enqueue(root, { release: installed.release, id: installed.id, txid }),
      });
    } finally {
      receiver.close();
    }
  });
}

/** As an activation does at its end. */
function enqueue(root: string, facts: Pick<ReleaseOccurrence, 'release' | 'id' | 'txid'>): void {
  const paths = {
    root,
    webhooksFile: join(root, 'config/webhooks.json'),
    envFile: join(root, 'config/env'),
    outbox: join(root, '.salver/outbox'),
  };
  const at = new Date().toISOString();
  const occurrence = { app: 'shop', version: '1.4.2', previous: null, by: 'ada', durationMs: 1200 };
  // The outbox asks for no other place.
  enqueueEvents(paths as Parameters<typeof enqueueEvents>[0], {
    kind: 'activated',
    at,
    ...occurrence,
    ...facts,
  });
}

function outboxOf(root: string): readonly string[] {
  return readdirSync(join(root, '.salver/outbox')).filter((name) => /\.(event|delivery)$/.test(name));
}

function printed(result: ProgramResult): Record<string, unknown> {
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout) as Record<string, unknown>;
}

test('every act tells the webhook by itself, and one that fails does, too', async () => {
  await withStage([], async ({ root, receiver, artifactOf }) => {
    const act = (...args: readonly string[]): Promise<ProgramResult> =>
      runProgram('salver-host', [...args, '--root', root]);
    const current = (): string => basename(readlinkSync(join(root, 'current')));
    const first = current();
    assert.equal((await act('install', await artifactOf('1.5.0', {}))).status, 0);
    const second = current();
    assert.equal((await act('rollback')).status, 0);
    const failing = { hooks: { check: { run: 'false', deadline: '1s', interval: '10ms' } } };
    assertRefused(await act('install', await artifactOf('1.6.0', failing), '--json'), 'E_ACTIVATION_FAILED');
    assert.equal(current(), first);
    // The same again is no act.
    assert.equal((await act('activate', first)).status, 0);
    const told = receiver.told.map(({ type, data }) => [
      type.replace(/^dev\.cdevents\.(.*)\.\d+\.\d+\.\d+(-draft)?$/, '$1'),
      data.customData?.previous,
    ]);
    assert.deepEqual(told, [
      ['service.upgraded', first],
      ['service.rolledback', second],
      ['service.rolledback', first],
    ]);
  });
});

test('a test event shows the answer, and nothing secret', async () => {
  await withStage([], async ({ host, receiver }) => {
    const result = await host('--test', 'team');
    const { status, answer } = printed(result);
    assert.deepEqual([status, answer, receiver.ids.length], [200, 'thank you: ***', 1]);
    assertRefused(await host('--test', 'taem'), 'E_USAGE');
  });
});

test('events wait in the outbox, are shown, and go out by --flush once the receiver takes them', async () => {
  await withStage([404], async ({ root, host, receiver, enqueue: put }) => {
    put('tx-1');
    const listed = printed(await host()) as { events: readonly { state: string; webhook: string }[] };
    assert.deepEqual(
      listed.events.map(({ state, webhook }) => [state, webhook]),
      [['pending', 'team']],
    );
    assert.equal((printed(await host('--flush', '--dry-run'))['events'] as unknown[]).length, 1);
    assert.equal(receiver.ids.length, 0);

    const refused = assertRefused(await host('--flush'), 'E_EVENT_NOT_DELIVERED');
    assert.equal(refused.facts?.['failed'], 1);
    assert.doesNotMatch(JSON.stringify(refused), /secret-path|sixteen/);
    assert.deepEqual(printed(await host('--flush'))['failed'], 1);

    assert.equal(printed(await host('--flush', '--retry'))['delivered'], 1);
    assert.deepEqual(receiver.ids, ['tx-1-activated', 'tx-1-activated']);
    assert.deepEqual(outboxOf(root), []);
    assert.deepEqual(printed(await host())['events'], []);
  });
});

test('killed while the receiver has the event, the next flush sends it again with the same id', async () => {
  await withStage([0], async ({ root, host, receiver, enqueue: put }) => {
    put('tx-1');
    const running = startProgram('salver-host', ['events', '--flush', '--root', root]);
    await Promise.race([receiver.received(1), running.ended]);
    running.child.kill('SIGKILL');
    await running.ended;
    assert.equal(outboxOf(root).length, 1);
    assert.equal(printed(await host('--flush'))['delivered'], 1);
    assert.deepEqual(receiver.ids, ['tx-1-activated', 'tx-1-activated']);
  });
});

test('a flush that is interrupted ends at once, with the status of the signal, and loses nothing', async () => {
  await withStage([0], async ({ root, host, receiver, enqueue: put }) => {
    put('tx-1');
    const running = startProgram('salver-host', ['events', '--flush', '--root', root]);
    await Promise.race([receiver.received(1), running.ended]);
    running.child.kill('SIGTERM');
    const { status, wallMs } = await running.ended;
    assert.equal(status, 143);
    assert.ok(wallMs < 20_000);
    assert.equal(printed(await host('--flush'))['delivered'], 1);
  });
});

test('a mistake in webhooks.json is named, and words that do not go together are refused', async () => {
  await withStage([], async ({ root, host }) => {
    assertRefused(await host('--retry'), 'E_USAGE');
    assertRefused(await host('--flush', '--test', 'team'), 'E_USAGE');
    writeFileSync(join(root, 'config/webhooks.json'), '{"webhooks":{"team":{"ulr":"x"}}}', { mode: 0o600 });
    for (const args of [[], ['--flush'], ['--test', 'team']]) {
      const error = assertRefused(await host(...args), 'E_CONFIG_INVALID');
      assert.equal(error.facts?.['key'], 'webhooks.team.ulr');
      assert.equal(error.hint, 'did you mean "url"?');
    }
  });
});
