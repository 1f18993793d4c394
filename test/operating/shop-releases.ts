// The releases that docs/operating.md speaks of, and those that fail as it says.
import type { HostSettings } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { nodeApp } from '../serve-apps.js';

/** Answers as the apps of serve-apps.ts do, with a setting of `config/env`; also runs by hand on PORT. */
const SERVER = (nodeApp().files['server.js'] ?? '')
  .replace('{ start,', '{ greeting: process.env.GREETING, start,')
  .replace(
    'server.listen({ fd: 3 })',
    'server.listen(process.env.LISTEN_FDS ? { fd: 3 } : process.env.PORT)',
  );

const USUAL: HostSettings = {
  start: 'node server.js',
  shared: ['uploads'],
  env: { DATABASE_URL: { required: true }, GREETING: { default: 'hello' } },
  hooks: { check: { http: 'http://127.0.0.1:3000/', passes: 2, deadline: '10s' } },
};

/** What a migration leaves behind. */
const MIGRATE =
  'echo "migrating to $SALVER_VERSION"; echo "$SALVER_VERSION" >> "$SALVER_ROOT/shared/uploads/migrated"';

/** Version, and how it differs from the usual. */
const RELEASES: Readonly<
  Record<string, { readonly server?: string; readonly hooks?: HostSettings['hooks'] }>
> = {
  '1.4.0': {},
  '1.4.2': {},
  '1.4.3': {},
  '1.5.0': { hooks: { migrate: { run: MIGRATE, phase: 'expand' } } },
  '1.6.0': { hooks: { migrate: { run: MIGRATE, phase: 'contract' } } },
  '1.7.0': { hooks: { migrate: { run: 'echo "column exists" >&2; exit 3', phase: 'expand' } } },
  '1.7.1': {
    server: "throw new Error('no database')",
    hooks: { candidate: { http: 'http://127.0.0.1:3000/', deadline: '5s' } },
  },
  '1.7.2': { server: SERVER.replace('const answer', 'response.statusCode = 500; const answer') },
  '1.7.3': { hooks: { prepare: { run: 'sleep 60' } } },
};

export type ShopVersion = keyof typeof RELEASES;

/** The artifacts' bytes, by the name that the document gives them, shortened. */
export async function makeShopReleases(): Promise<ReadonlyMap<string, Buffer>> {
  const made = new Map<string, Buffer>();
  for (const [version, { server = SERVER, hooks }] of Object.entries(RELEASES)) {
    const files = { 'server.js': server, 'version.txt': version, 'lib/version.txt': version };
    const host = { ...USUAL, hooks: { ...USUAL.hooks, ...hooks } };
    const { bytes } = await makeArtifact(files, { name: 'shop', version, host });
    made.set(`shop-${version}.tar.gz`, bytes);
  }
  return made;
}
