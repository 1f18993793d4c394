// A root with webhooks, and the occurrences that happen in it.
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { hostPaths } from '../../dist/host-paths.js';
import type { HostPaths } from '../../dist/host-paths.js';
import type { ReleaseOccurrence } from '../../dist/events/occurrence.js';
import { makeTempDir } from '../test-root.js';

/** A root as a first install leaves it, with this config/webhooks.json and config/env. */
export function makeEventRoot(
  context: TestContext,
  webhooks?: Readonly<Record<string, unknown>>,
  env = '',
): HostPaths {
  const paths = hostPaths(makeTempDir(context));
  mkdirSync(paths.records, { recursive: true });
  mkdirSync(paths.releases);
  mkdirSync(`${paths.root}/config`);
  writeFileSync(paths.envFile, env, { mode: 0o600 });
  if (webhooks !== undefined) configure(paths, webhooks);
  return paths;
}

/** Writes config/webhooks.json with these webhooks. */
export function configure(paths: HostPaths, webhooks: Readonly<Record<string, unknown>>): void {
  writeConfig(paths, JSON.stringify({ environment: 'production', host: 'web-1', webhooks }));
}

/** Writes config/webhooks.json as it stands. */
export function writeConfig(paths: HostPaths, text: string, mode = 0o600): void {
  writeFileSync(paths.webhooksFile, text);
  chmodSync(paths.webhooksFile, mode);
}

const RELEASE_ID = '4f2a91c07b3e5d6f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f';

export function occurrenceOf(change: Partial<ReleaseOccurrence> = {}): ReleaseOccurrence {
  return {
    kind: 'activated',
    at: new Date().toISOString(),
    app: 'shop',
    release: '1.4.2-4f2a91c07b3e',
    id: RELEASE_ID,
    version: '1.4.2',
    previous: '1.4.1-0c9d1e55ab42',
    commit: '9c1185a5c5e9fc54612808977ee8f548b2258d31',
    by: 'ada',
    durationMs: 4200,
    txid: 'tx-1',
    ...change,
  };
}

/** Names of the files of the outbox, without the lock. */
export function outboxFiles(paths: HostPaths): readonly string[] {
  if (statSync(paths.outbox, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(paths.outbox)
    .filter((name) => !name.startsWith('lock'))
    .sort();
}

/** The one delivery of the outbox, as it lies on the disk. */
export function onlyDelivery(paths: HostPaths): Record<string, unknown> {
  const [name, ...others] = outboxFiles(paths).filter((file) => file.endsWith('.delivery'));
  if (name === undefined || others.length > 0)
    throw new Error(`deliveries: ${outboxFiles(paths).join(', ')}`);
  return JSON.parse(readFileSync(`${paths.outbox}/${name}`, 'utf8')) as Record<string, unknown>;
}

/** All bytes below the root but those of config/, as one text. */
export function everythingWritten(paths: HostPaths): string {
  return readdirSync(paths.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.name}\n${readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8')}`)
    .join('\n');
}
