// Fetching through everything that goes wrong between a host and a store: cuts, stalls, wrong answers, wrong bytes,
// replaced files, redirects elsewhere. Whatever happens, either the right release is installed, every byte of it, or
// none is; and what was downloaded before a failure is not downloaded again.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isSalverError } from '@salver/core';
import { hostPaths, installRelease, rootStatus, verifyRelease } from '@salver/installer';
import type { InstallResult } from '@salver/installer';
import { openHttpStore, openReleaseArtifact } from '@salver/stores';
import { makeArtifact, noise, startHttpDouble } from '@salver/testing';
import type { HttpDouble } from '@salver/testing';
import { KEY, scenarios } from './chaos-scenarios.js';
import type { Scenario } from './chaos-scenarios.js';

const KIB = 1024;
const PACKAGES = 14;
const PACKAGE_BYTES = 110 * KIB;
const CHANGED = new Set([2, 7, 8]);
const SECRET = 'geheim';
const POLICY = { retriesMax: 5, firstMs: 1, longestMs: 4 };
const LIMITS = { answerMs: 150, idleMs: 150, slowMs: 60_000, slowBytes: 1 };

let scratch: string;
let v1: Buffer;
let v2: Buffer;
let ids: { readonly v1: string; readonly v2: string };

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-chaos-'));
  const files = (version: number): Record<string, Buffer | string> => ({
    'server.js': `console.log(${version});\n`,
    ...Object.fromEntries(
      Array.from({ length: PACKAGES }, (_, index) => [
        `node_modules/p${index}/index.js`,
        noise(PACKAGE_BYTES, index + (CHANGED.has(index) ? version * 100 : 0)),
      ]),
    ),
  });
  const unitPaths = Array.from({ length: PACKAGES }, (_, index) => `node_modules/p${index}`);
  const [old, now] = [
    await makeArtifact(files(1), { name: 'shop', version: '1.0.0', unitPaths }),
    await makeArtifact(files(2), { name: 'shop', version: '2.0.0', unitPaths }),
  ];
  [v1, v2] = [old.bytes, now.bytes];
  ids = { v1: old.id, v2: now.id };
  for (const update of [false, true]) await measureCalm(update);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Trial {
  readonly outcome: 'installed' | 'refused';
  readonly code: string;
  /** Bytes beyond those of an undisturbed installation, over all tries. */
  readonly again: number;
  readonly needed: number;
}

let trials = 0;

/** One scenario on a fresh root; `update`: version 1 is there already. */
async function attempt(scenario: Scenario, update: boolean): Promise<Trial> {
  const directory = join(scratch, `${(trials += 1)}`);
  const root = join(directory, 'root');
  mkdirSync(join(directory, 'shop'), { recursive: true });
  writeFileSync(join(directory, 'v1.tar.gz'), v1);
  writeFileSync(join(directory, KEY), v2);
  const other = await startHttpDouble({ directory });
  let disturbed = false;
  let asked = 0;
  const own: HttpDouble = await startHttpDouble({
    directory,
    fault: (request) => {
      if (!disturbed) return undefined;
      return scenario.fault(request, asked++, { directory, other, own });
    },
  });
  try {
    if (update) await installFrom(own, root, 'v1.tar.gz');
    disturbed = true;
    own.sentBytes = 0;
    own.requests.length = 0;
    const code = await installFrom(own, root, KEY).then(
      () => 'installed',
      (error: unknown) => codeOf(error),
    );
    checkRoot(root, { outcome: code, update });
    checkSecrets(other);
    disturbed = false;
    // The next try on a network that is well again goes on where this one was.
    writeFileSync(join(directory, KEY), v2);
    await installFrom(own, root, KEY);
    assert.equal(rootStatus(root).current?.id, ids.v2);
    await verifyRelease({ root });
    const moved = own.sentBytes + other.sentBytes;
    const outcome = code === 'installed' ? 'installed' : 'refused';
    const calm = needed.get(update) ?? 0;
    return { outcome, code, again: Math.max(0, moved - calm), needed: calm };
  } finally {
    await own.close();
    await other.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What an undisturbed installation moves, by whether it is an update. */
const needed = new Map<boolean, number>();

async function measureCalm(update: boolean): Promise<void> {
  const directory = join(scratch, `calm-${String(update)}`);
  mkdirSync(join(directory, 'shop'), { recursive: true });
  writeFileSync(join(directory, 'v1.tar.gz'), v1);
  writeFileSync(join(directory, KEY), v2);
  const own = await startHttpDouble({ directory });
  const root = join(directory, 'root');
  if (update) await installFrom(own, root, 'v1.tar.gz');
  own.sentBytes = 0;
  await installFrom(own, root, KEY);
  needed.set(update, own.sentBytes);
  await own.close();
}

async function installFrom(
  own: HttpDouble,
  root: string,
  key: string,
  calm?: () => void,
): Promise<InstallResult> {
  calm?.();
  const url = new URL(own.url);
  url.username = 'deploy';
  url.password = SECRET;
  const store = openHttpStore(url, { limits: LIMITS });
  try {
    const downloads = hostPaths(root).downloads;
    const source = await openReleaseArtifact({ store, key, downloads, policy: POLICY });
    try {
      return await installRelease({ root, source, durability: 'none', threads: 1 });
    } finally {
      source.close();
    }
  } finally {
    store.close();
  }
}

function codeOf(error: unknown): string {
  if (!isSalverError(error)) throw error;
  assert.ok(
    !`${error.message} ${error.hint ?? ''} ${JSON.stringify(error.facts)}`.includes(SECRET),
    error.message,
  );
  return error.code;
}

/** Nothing but whole releases is ever below releases/, and a failure has changed nothing. */
function checkRoot(
  root: string,
  { outcome, update }: { readonly outcome: string; readonly update: boolean },
): void {
  const releases = existsSync(join(root, 'releases')) ? readdirSync(join(root, 'releases')) : [];
  const known = [`1.0.0-${ids.v1.slice(0, 12)}`, `2.0.0-${ids.v2.slice(0, 12)}`];
  for (const release of releases) assert.ok(known.includes(release), release);
  if (outcome === 'installed') return;
  const current = update ? rootStatus(root).current?.id : undefined;
  assert.equal(current, update ? ids.v1 : undefined);
}

function checkSecrets(other: HttpDouble): void {
  for (const { headers } of other.requests) {
    assert.equal(headers.authorization, undefined);
    assert.ok(!JSON.stringify(headers).includes(SECRET));
  }
}

test('no wrong byte gets in, no credential gets out, and the next try goes on', async (t) => {
  const all = scenarios();
  const byKind = new Map<string, { count: number; installed: number; again: number; needed: number }>();
  let count = 0;
  for (const [index, scenario] of all.entries()) {
    // Half of them also with nothing installed: that takes longest.
    for (const update of index % 4 < 2 ? [true, false] : [true]) {
      const { outcome, code, again, needed: bytes } = await attempt(scenario, update);
      const name = `${scenario.name} (${update ? 'update' : 'full'}): ${code}`;
      if (scenario.ends !== 'either') assert.equal(outcome, scenario.ends, name);
      const sum = byKind.get(scenario.kind) ?? { count: 0, installed: 0, again: 0, needed: 0 };
      byKind.set(scenario.kind, {
        count: sum.count + 1,
        installed: sum.installed + (outcome === 'installed' ? 1 : 0),
        again: sum.again + again,
        needed: sum.needed + bytes,
      });
      count += 1;
    }
  }
  assert.ok(count >= 200, `${count} scenarios`);
  t.diagnostic(`${count} scenarios`);
  for (const [kind, sum] of byKind) {
    const share = ((sum.again / sum.needed) * 100).toFixed(0);
    t.diagnostic(
      `${kind}: ${sum.count} scenarios, ${sum.installed} installed at once, ${share} % downloaded again`,
    );
  }
});
