// `salver push`, `promote`, `ls`, `pull`, `verify`, `sign`, `revoke`, `gc` and `doctor` on a directory, and `salver-host
// install NAME@…` from it.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeArtifact, noise } from '@salver/testing';
import { SALVER, SALVER_HOST } from '../dist/index.js';
import { runFake } from './fake-io.js';

type Json = Record<string, unknown>;

interface Stage {
  readonly directory: string;
  readonly store: string;
  /** Writes an artifact; another seed gives another id. */
  readonly artifact: (
    version: string,
    seed?: number,
  ) => Promise<{ readonly path: string; readonly id: string }>;
  readonly salver: (...args: readonly string[]) => Promise<Json>;
  readonly host: (...args: readonly string[]) => Promise<Json>;
}

async function withStore(work: (stage: Stage) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-cli-store-'));
  const store = join(directory, 'store');
  mkdirSync(store);
  const run =
    (program: typeof SALVER) =>
    async (...args: readonly string[]): Promise<Json> => {
      const env = { SALVER_STORE: store, SALVER_ROOT: join(directory, 'root') };
      const { stdout, stderr } = await runFake(program, [...args, '--json'], { workingDir: directory, env });
      return JSON.parse(stdout === '' ? stderr : stdout) as Json;
    };
  const artifact: Stage['artifact'] = async (version, seed = 1) => {
    const { bytes, id } = await makeArtifact({ 'data.bin': noise(1000, seed) }, { name: 'shop', version });
    const path = join(directory, `shop-${version}-${seed}.tar.gz`);
    writeFileSync(path, bytes);
    return { path, id };
  };
  try {
    await work({ directory, store, artifact, salver: run(SALVER), host: run(SALVER_HOST) });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Makes everything of a release in the store older. */
function age(store: string, id: string, days: number): void {
  const then = Date.now() / 1000 - days * 86_400;
  for (const file of readdirSync(join(store, 'shop'))) {
    if (file.includes(id.slice(0, 12))) utimesSync(join(store, 'shop', file), then, then);
  }
}

test('a push puts artifact and manifest there once, and a second one says so', () =>
  withStore(async ({ store, artifact, salver }) => {
    const { path, id } = await artifact('1.0.0');
    const pushed = await salver('push', path);
    assert.deepEqual([pushed['changed'], pushed['id']], [true, id]);
    assert.ok(existsSync(join(store, `shop/${id}.manifest.json`)));
    assert.ok(readFileSync(join(store, String(pushed['key']))).equals(readFileSync(path)));
    assert.equal((await salver('push', path))['changed'], false);
  }));

test('a push publishes assets before the release, says when there are none, and they are no app', () =>
  withStore(async ({ directory, store, artifact, salver }) => {
    const none = await salver('push', (await artifact('1.0.0')).path, '--assets', store);
    assert.match(String(none['warnings']), /has no assets/);
    const { bytes } = await makeArtifact(
      { 'dist/app-1a2b3c4d.js': 'x', 'server.js': '' },
      { name: 'shop', version: '2.0.0', assets: { dist: { url: '/static/' } } },
    );
    const path = join(directory, 'assets.tar.gz');
    writeFileSync(path, bytes);
    const pushed = await salver('push', path, '--assets', store);
    const counts = { store, published: 1, present: 0, replaced: 0, bytes: 1 };
    assert.deepEqual([pushed['changed'], pushed['assets']], [true, counts]);
    assert.equal(readFileSync(join(store, 'static/app-1a2b3c4d.js'), 'utf8'), 'x');
    const { releases } = (await salver('ls')) as { readonly releases: readonly { readonly name: string }[] };
    assert.deepEqual(
      releases.map(({ name }) => name),
      ['shop', 'shop'],
    );
  }));

test('a push with --dry-run writes nothing, and a damaged artifact is not pushed', () =>
  withStore(async ({ store, artifact, salver }) => {
    const { path } = await artifact('1.0.0');
    assert.equal((await salver('push', path, '--dry-run'))['dryRun'], true);
    const bytes = readFileSync(path);
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    assert.match(String((await salver('push', path))['code']), /^E_ARTIFACT_DAMAGED|E_DIGEST_MISMATCH$/);
    assert.deepEqual(readdirSync(store), []);
  }));

test('a file that has the name of the release and is another one is never replaced', () =>
  withStore(async ({ store, artifact, salver }) => {
    const { path } = await artifact('1.0.0');
    const other = await artifact('1.0.0', 2);
    const { key } = await salver('push', path);
    const target = join(store, String(key));
    rmSync(target);
    writeFileSync(target, readFileSync(other.path));
    assert.equal((await salver('push', path))['code'], 'E_OBJECT_EXISTS');
    assert.ok(readFileSync(target).equals(readFileSync(other.path)));
  }));

test('an upload that was cut off is no release, and the next push makes it one', () =>
  withStore(async ({ store, artifact, salver }) => {
    const { path, id } = await artifact('1.0.0');
    await salver('push', path);
    rmSync(join(store, `shop/${id}.manifest.json`));
    rmSync(join(store, 'shop/index.json'));
    assert.deepEqual((await salver('ls'))['releases'], []);
    assert.equal((await salver('push', path))['changed'], true);
    assert.equal(((await salver('ls'))['releases'] as Json[]).length, 1);
  }));

test('ls says which channels point where, and what is revoked', () =>
  withStore(async ({ artifact, salver }) => {
    const [one, two] = [await artifact('1.0.0'), await artifact('2.0.0')];
    for (const { path } of [one, two]) await salver('push', path);
    await salver('promote', 'shop@1.0.0', 'production');
    await salver('promote', 'shop@production', 'staging');
    await salver('revoke', 'shop@2.0.0', '--reason', 'broken');
    const rows = (await salver('ls', 'shop'))['releases'] as Json[];
    const byVersion = new Map(rows.map((row) => [row['version'], row]));
    assert.deepEqual(byVersion.get('1.0.0')?.['channels'], ['production', 'staging']);
    assert.deepEqual([byVersion.get('2.0.0')?.['revoked'], byVersion.get('2.0.0')?.['channels']], [true, []]);
  }));

test('promote without a version means the newest, again means nothing to do, and --renew writes it anew', () =>
  withStore(async ({ store, artifact, salver }) => {
    const [one, two] = [await artifact('1.0.0'), await artifact('2.0.0')];
    for (const { path } of [one, two]) await salver('push', path);
    age(store, one.id, 1);
    const moved = await salver('promote', 'shop', 'production', '--valid-for', '30d');
    assert.deepEqual([moved['changed'], moved['seq']], [true, 1]);
    assert.equal((moved['releases'] as Json[])[0]?.['id'], two.id);
    assert.match(String(moved['expires']), /^\d{4}-/);
    assert.equal((await salver('promote', 'shop', 'production'))['changed'], false);
    assert.equal((await salver('promote', 'shop', 'production', '--renew'))['seq'], 2);
    assert.equal((await salver('promote', 'shop@1.0.0', 'production', '--dry-run'))['dryRun'], true);
  }));

test('what cannot be promoted or revoked is refused by name', () =>
  withStore(async ({ artifact, salver }) => {
    const code = async (...args: readonly string[]): Promise<unknown> => (await salver(...args))['code'];
    assert.equal(await code('promote', 'shop', 'production'), 'E_RELEASE_NOT_FOUND');
    const [one, again] = [await artifact('1.0.0'), await artifact('1.0.0', 2)];
    for (const { path } of [one, again]) await salver('push', path);
    assert.equal(await code('promote', 'shop@1.0.0', 'production'), 'E_RELEASE_NOT_FOUND');
    assert.equal(await code('promote', 'shop', 'Production'), 'E_USAGE');
    assert.equal(await code('promote', 'shop', 'beef'), 'E_USAGE');
    await salver('promote', `shop@${one.id.slice(0, 12)}`, 'production');
    assert.equal(await code('revoke', `shop@${one.id.slice(0, 8)}`), 'E_RELEASE_IN_CHANNEL');
    await salver('revoke', `shop@${again.id.slice(0, 12)}`);
    assert.equal(await code('promote', `shop@${again.id}`, 'staging'), 'E_RELEASE_REVOKED');
    assert.equal(await code('pull', 'shop@9.9.9'), 'E_RELEASE_NOT_FOUND');
    assert.equal(await code('pull', 'shop'), 'E_USAGE');
    assert.equal(await code('ls', '--store', 'nowhere/at/all'), 'E_STORE_NOT_FOUND');
    assert.equal(await code('ls', '--store', 'ftp://x/y'), 'E_USAGE');
  }));

test('pull gives the very file, and one that is another release gets no name', () =>
  withStore(async ({ directory, store, artifact, salver }) => {
    const { path } = await artifact('1.0.0');
    const other = await artifact('1.0.0', 2);
    const { key } = await salver('push', path);
    const pulled = await salver('pull', 'shop@1.0.0', '--output', 'into');
    assert.ok(readFileSync(String(pulled['artifact'])).equals(readFileSync(path)));
    rmSync(String(pulled['artifact']));
    rmSync(join(store, String(key)));
    writeFileSync(join(store, String(key)), readFileSync(other.path));
    assert.equal((await salver('pull', 'shop@1.0.0', '--output', 'into'))['code'], 'E_RELEASE_MISMATCH');
    assert.ok(!existsSync(join(directory, 'into', basename(String(key)))));
    assert.equal((await salver('verify', 'shop@1.0.0'))['code'], 'E_RELEASE_MISMATCH');
  }));

test('gc keeps what channels name, the newest and the young, and removes all of the rest', () =>
  withStore(async ({ store, artifact, salver }) => {
    const made = [];
    for (let version = 1; version <= 6; version += 1) made.push(await artifact(`${version}.0.0`));
    for (const { path } of made) await salver('push', path);
    made.forEach(({ id }, index) => age(store, id, 100 - index * 10));
    await salver('promote', 'shop@1.0.0', 'production');
    const options = ['shop', '--keep', '2', '--older-than', '65d'];
    const planned = await salver('gc', ...options, '--dry-run');
    const versions = (result: Json): unknown =>
      (result['removed'] as Json[]).map(({ version }) => version).sort();
    assert.deepEqual(versions(planned), ['2.0.0', '3.0.0', '4.0.0']);
    assert.equal(((await salver('ls'))['releases'] as Json[]).length, 6);
    assert.deepEqual(versions(await salver('gc', ...options)), ['2.0.0', '3.0.0', '4.0.0']);
    const left = ((await salver('ls'))['releases'] as Json[]).map(({ version }) => version).sort();
    assert.deepEqual(left, ['1.0.0', '5.0.0', '6.0.0']);
    const gone = made[1]?.id ?? '';
    assert.ok(!readdirSync(join(store, 'shop')).some((file) => file.includes(gone.slice(0, 12))));
    const index = JSON.parse(readFileSync(join(store, 'shop/index.json'), 'utf8')) as { releases: Json[] };
    assert.equal(index.releases.length, 3);
  }));

test('doctor finds a directory to be all that is needed, and leaves nothing in it', () =>
  withStore(async ({ store, salver }) => {
    const found = await salver('doctor');
    assert.equal(found['ok'], true, JSON.stringify(found));
    assert.deepEqual(
      readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
      [],
    );
  }));

test('a store has a name in salver.json', () =>
  withStore(async ({ directory, store, artifact, salver }) => {
    const { path } = await artifact('1.0.0');
    writeFileSync(
      join(directory, 'salver.json'),
      JSON.stringify({ stores: { main: store, other: 'elsewhere' } }),
    );
    assert.equal((await salver('push', path, '--store', 'main'))['changed'], true);
    assert.match(String((await salver('push', path, '--store', 'mian'))['hint']), /main, other/);
  }));

test('a host follows a channel, holds back what was left by hand, and goes on with the next release', () =>
  withStore(async ({ artifact, salver, host }) => {
    const made = [await artifact('1.0.0'), await artifact('2.0.0'), await artifact('3.0.0')];
    for (const { path } of made) await salver('push', path);
    const promote = (version: string): Promise<Json> => salver('promote', `shop@${version}`, 'production');
    const poll = (...more: readonly string[]): Promise<Json> => host('install', 'shop@production', ...more);
    await promote('1.0.0');
    assert.equal((await poll())['changed'], true);
    await promote('2.0.0');
    assert.equal((await poll('--dry-run'))['changed'], true);
    assert.equal((await poll())['changed'], true);
    await host('rollback');
    const held = await poll();
    assert.deepEqual([held['changed'], held['held']], [false, `2.0.0-${made[1]?.id.slice(0, 12) ?? ''}`]);
    assert.equal((await poll('--retry'))['changed'], true);
    await host('rollback');
    await promote('3.0.0');
    assert.equal((await poll())['id'], made[2]?.id);
  }));

test('a host does not start again and again what failed on it', () =>
  withStore(async ({ directory, store, artifact, salver, host }) => {
    const { path } = await artifact('1.0.0');
    await salver('push', path);
    const bad = join(directory, 'bad.tar.gz');
    const hooks = { check: { run: 'false', deadline: '1s', interval: '50ms' } } as const;
    const { bytes } = await makeArtifact({ a: 'b' }, { name: 'shop', version: '2.0.0', host: { hooks } });
    writeFileSync(bad, bytes);
    await salver('push', bad);
    await salver('promote', 'shop@1.0.0', 'production');
    await host('install', 'shop@production');
    await salver('promote', 'shop@2.0.0', 'production');
    assert.equal((await host('install', 'shop@production'))['code'], 'E_ACTIVATION_FAILED');
    assert.equal((await host('install', 'shop@production'))['code'], 'E_RELEASE_HELD');
    assert.equal((await host('install', 'shop@production', '--retry'))['code'], 'E_ACTIVATION_FAILED');
    assert.equal((await host('install', 'shop@nothing'))['code'], 'E_RELEASE_NOT_FOUND');
    assert.equal(
      (await host('install', 'shop@production', '--store', `${store}/none`))['code'],
      'E_STORE_NOT_FOUND',
    );
  }));
