// Static assets from end to end: compressed once at build, published beside the release with the right headers, and kept
// on hosts for pages of older releases.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { startS3Double } from '@salver/testing';
import type { S3Double } from '@salver/testing';
import { makeTempDir, runJson, runProgram } from './product-harness.js';
import type { BuildReport, InstallReport, TempDir } from './product-harness.js';
import { closedPortUrl, registryEnv } from './registry-double.js';
import { writeSampleApp } from './sample-app.js';

interface Built extends BuildReport {
  readonly assets: { readonly files: number; readonly compressed: number; readonly compressedNow: number };
}

interface PushReport {
  readonly changed: boolean;
  readonly dryRun?: boolean;
  readonly assets: {
    readonly published: number;
    readonly present: number;
    readonly replaced: number;
    readonly bytes: number;
  };
}

interface InspectReport {
  readonly units: readonly { readonly kind: string; readonly assets?: object }[];
}

let scratch: TempDir;
let double: S3Double;

before(async () => {
  scratch = makeTempDir();
  double = await startS3Double();
});
after(async () => {
  await double.close();
  scratch.remove();
});

/** The app's own build writes a script with its hash in the name, and a page that refers to it. */
const MAKE = `const fs = require('fs'), crypto = require('crypto');
const code = 'console.log(' + JSON.stringify(process.env.npm_package_version) + ');\\n'.repeat(200);
const name = 'app-' + crypto.createHash('sha256').update(code).digest('hex').slice(0, 12) + '.js';
fs.mkdirSync('dist/assets', { recursive: true });
fs.writeFileSync('dist/assets/' + name, code);
fs.writeFileSync('dist/assets/index.html', '<script src="/static/' + name + '"></script>');
`;

function writeApp(name: string, version: string): string {
  const directory = join(scratch.path, name);
  writeSampleApp(directory, {
    version,
    fields: { scripts: { build: 'node make.js' } },
    files: {
      'make.js': MAKE,
      'salver.json': JSON.stringify({
        start: 'node server.js',
        assets: [{ directory: 'dist/assets', url: '/static/', keep: '30d' }],
      }),
    },
  });
  return directory;
}

async function build(directory: string, cache: string): Promise<Built> {
  const env = registryEnv({ cache: join(scratch.path, 'cache', cache), registry: await closedPortUrl() });
  const output = join(scratch.path, 'out', cache);
  return runJson<Built>('salver', ['build', directory, '--output', output], { env });
}

function push(artifact: string, assets: string, more: readonly string[] = []): Promise<PushReport> {
  const store = join(scratch.path, 'store');
  mkdirSync(store, { recursive: true });
  return runJson<PushReport>('salver', ['push', artifact, '--store', store, '--assets', assets, ...more], {
    env: double.env,
  });
}

/** The script that this release's page refers to. */
function scriptOf(tree: string): string {
  const name = readdirSync(tree).find((file) => /^app-[0-9a-f]{12}\.js$/.test(file));
  assert.ok(name !== undefined);
  return name;
}

test('two directories and caches give one release, and a warm build compresses nothing', async () => {
  const one = await build(writeApp('one', '1.0.0'), 'one');
  const two = await build(writeApp('two', '1.0.0'), 'two');
  assert.equal(one.id, two.id);
  assert.ok(readFileSync(one.artifact).equals(readFileSync(two.artifact)));
  assert.deepEqual(one.assets, { files: 2, compressed: 2, compressedNow: 2 });
  const warm = await build(join(scratch.path, 'one'), 'one');
  assert.deepEqual([warm.id, warm.assets.compressedNow], [one.id, 0]);
  const inspected = await runJson<InspectReport>('salver', ['inspect', one.artifact]);
  assert.deepEqual(
    inspected.units.flatMap(({ assets }) => (assets === undefined ? [] : [assets])),
    [{ url: '/static/', keep: '30d' }],
  );
});

test('assets are published once, with their headers; a changed file under a hashed name is refused', async () => {
  const { artifact } = await build(writeApp('published', '1.0.0'), 'one');
  const cdn = double.url('cdn');
  const would = await push(artifact, cdn, ['--dry-run']);
  assert.deepEqual([would.dryRun, would.assets.published], [true, 4]);
  assert.equal(existsSync(join(scratch.path, 'store/sample')), false);
  const first = await push(artifact, cdn);
  assert.deepEqual([first.changed, first.assets.published, first.assets.present], [true, 4, 0]);
  const directory = join(scratch.path, 'cdn');
  mkdirSync(directory);
  assert.equal((await push(artifact, directory)).assets.published, 4);
  const script = scriptOf(join(directory, 'static'));
  const headers = (name: string): readonly (string | undefined)[] => {
    const found = double.headersOf(`cdn/static/${name}`);
    return ['content-type', 'cache-control', 'content-encoding'].map((header) => found?.[header]);
  };
  const js = 'text/javascript; charset=utf-8';
  const immutable = 'public, max-age=31536000, immutable';
  assert.deepEqual(headers(script), [js, immutable, undefined]);
  assert.deepEqual(headers(`${script}.gz`), [js, immutable, 'gzip']);
  assert.deepEqual(headers(`${script}.br`), [js, immutable, 'br']);
  assert.deepEqual(headers('index.html'), ['text/html; charset=utf-8', 'no-cache', undefined]);
  const code = readFileSync(join(directory, 'static', script));
  assert.ok(gunzipSync(readFileSync(join(directory, 'static', `${script}.gz`))).equals(code));
  assert.ok(brotliDecompressSync(readFileSync(join(directory, 'static', `${script}.br`))).equals(code));
  for (const store of [cdn, directory]) {
    const again = await push(artifact, store);
    assert.deepEqual([again.changed, again.assets], [false, { ...again.assets, published: 0, bytes: 0 }]);
  }
  writeFileSync(join(directory, 'static', script), 'something else');
  const args = ['push', artifact, '--store', join(scratch.path, 'store'), '--assets', directory, '--json'];
  const refused = await runProgram('salver', args);
  assert.equal(refused.status, 1);
  const failure = JSON.parse(refused.stderr) as { readonly code: string; readonly message: string };
  assert.equal(failure.code, 'E_ASSET_CONFLICT');
  assert.match(failure.message, new RegExp(`static/${script}`));
  assert.equal(readFileSync(join(directory, 'static', script), 'utf8'), 'something else');
});

test('pages of the release before find their files on a host, until their time is over', async () => {
  const root = join(scratch.path, 'root');
  const install = (artifact: string): Promise<InstallReport> =>
    runJson<InstallReport>('salver-host', ['install', artifact, '--root', root]);
  const app = writeApp('hosted', '1.0.0');
  await install((await build(app, 'one')).artifact);
  const first = scriptOf(join(root, 'current/dist/assets'));
  cpSync(join(root, 'current/dist/assets', first), join(scratch.path, 'first.js'));
  await install((await build(writeApp('hosted', '2.0.0'), 'one')).artifact);
  const second = scriptOf(join(root, 'current/dist/assets'));
  assert.notEqual(first, second);
  const served = join(root, 'shared/static/static');
  assert.ok(readFileSync(join(served, first)).equals(readFileSync(join(scratch.path, 'first.js'))));
  assert.ok(existsSync(join(served, `${second}.br`)));
  await install((await build(writeApp('hosted', '3.0.0'), 'one')).artifact);
  const prune = (): Promise<{ readonly removed: readonly string[]; readonly assetsRemoved: number }> =>
    runJson('salver-host', ['prune', '--root', root, '--keep', '1']);
  const pruned = await prune();
  assert.deepEqual([pruned.removed.length, pruned.assetsRemoved], [1, 0]);
  assert.ok(existsSync(join(served, first)));
  ageAll(root, 31);
  assert.equal((await prune()).assetsRemoved, 3);
  assert.equal(existsSync(join(served, first)), false);
  // The release before is still installed: a rollback may go there.
  assert.ok(existsSync(join(served, second)));
  await runJson('salver-host', ['verify', '--root', root]);
});

/** As if so many days had passed since each file was current. */
function ageAll(root: string, days: number): void {
  const path = join(root, '.salver/assets.json');
  const state = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly files: Record<string, { lastCurrentAt: string }>;
  };
  const then = new Date(Date.now() - days * 86_400_000).toISOString();
  for (const file of Object.values(state.files)) file.lastCurrentAt = then;
  writeFileSync(path, JSON.stringify(state));
}
