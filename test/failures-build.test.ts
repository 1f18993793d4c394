// Whatever is wrong with a project, the registry, the cache or the disk: one error code, a hint, nothing left behind.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { ErrorCode } from '@salver/core';
import { buildApp, runProgram, startProgram } from './product-harness.js';
import type { ProgramResult } from './product-harness.js';
import { contentOf, ending } from './other-process.js';
import { assertRefused, printedError } from './refusal.js';
import { closedPortUrl, registryEnv, startRegistry } from './registry-double.js';
import type { DoublePackage, RegistryOptions } from './registry-double.js';
import { packageOfFiles, writeSampleApp, writeTree } from './sample-app.js';
import type { SampleApp } from './sample-app.js';
import { smallDiskSkipReason, withSmallDisk } from './small-disk.js';

const PLAIN: DoublePackage = {
  name: 'plain',
  version: '1.0.0',
  files: { 'index.js': 'module.exports = 1;\n' },
};

let temp: string;
let project: string;
let output: string;
let cache: string;

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  project = join(temp, 'project');
  output = join(temp, 'output');
  cache = join(temp, 'cache');
  mkdirSync(project);
});

afterEach(() => rmSync(temp, { recursive: true, force: true }));

interface Setting {
  readonly registry: string;
  readonly output?: string;
  readonly cache?: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function build(setting: Setting): Promise<ProgramResult> {
  const env = {
    ...registryEnv({ cache: setting.cache ?? cache, registry: setting.registry }),
    ...setting.env,
  };
  const to = setting.output ?? output;
  return runProgram('salver', ['build', project, '--output', to, '--json', ...(setting.options ?? [])], {
    env,
  });
}

/** Runs `work` with a registry that has these packages. */
async function withRegistry(
  packages: readonly DoublePackage[],
  work: (url: string, requests: readonly string[]) => Promise<void>,
  options: RegistryOptions = {},
): Promise<void> {
  const registry = await startRegistry(packages, options);
  try {
    await work(registry.url, registry.requests);
  } finally {
    await registry.close();
  }
}

/** Nothing in the output directory, nothing being worked on in the cache, no clean copy. */
function assertNothingLeft(at: { readonly output?: string; readonly cache?: string } = {}): void {
  const out = at.output ?? output;
  if (existsSync(out)) assert.deepEqual(readdirSync(out), [], 'nothing in the output directory');
  const tmp = join(at.cache ?? cache, 'tmp');
  if (existsSync(tmp)) assert.deepEqual(readdirSync(tmp), [], 'nothing in the tmp directory of the cache');
}

/** Builds the project, which must fail with `code`; returns the message. */
async function refuses(code: ErrorCode, setting: Setting): Promise<string> {
  const error = assertRefused(await build(setting), code);
  assertNothingLeft(setting);
  return error.message;
}

// Projects that are refused before anything is fetched: no registry is needed.
const REFUSED: readonly [name: string, code: ErrorCode, spoil: () => void, says: string][] = [
  [
    'has no lockfile',
    'E_LOCK_MISSING',
    () => rmSync(join(project, 'package-lock.json')),
    'package-lock.json',
  ],
  [
    'has a broken lockfile',
    'E_LOCK_INVALID',
    () => writeFileSync(join(project, 'package-lock.json'), '{"packages": '),
    'package-lock.json',
  ],
  [
    'has a lockfile out of step with package.json',
    'E_LOCK_OUT_OF_SYNC',
    () => writeTree(project, { 'package.json': '{"name":"sample","dependencies":{"missing":"^2.0.0"}}' }),
    'missing@^2.0.0',
  ],
  [
    'has a private key in its source',
    'E_SECRET_FOUND',
    () => writeTree(project, { 'conf/server.txt': `${'-----BEGIN '}RSA PRIVATE KEY-----\nMIIE\n` }),
    'conf/server.txt',
  ],
  [
    'has a .env file',
    'E_SECRET_FOUND',
    () => writeTree(project, { '.env': 'PASSWORD=hunter2hunter2\n' }),
    '.env',
  ],
  [
    'has a wrong key in its configuration',
    'E_CONFIG_INVALID',
    () => writeTree(project, { 'salver.json': '{"strat": "node server.js"}' }),
    'strat',
  ],
  [
    'has a build that fails',
    'E_BUILD_COMMAND_FAILED',
    () =>
      writeTree(project, {
        'package.json': '{"name":"sample","version":"1.0.0","scripts":{"build":"node build.js"}}',
        'build.js': "console.error('the build is broken here'); process.exit(7);\n",
      }),
    'npm run build',
  ],
];

for (const [name, code, spoil, says] of REFUSED) {
  test(`a project that ${name} is refused with ${code}`, async () => {
    writeSampleApp(project);
    spoil();
    const message = await refuses(code, { registry: await closedPortUrl() });
    assert.ok(message.includes(says), `"${message}" names ${says}`);
  });
}

test('a wrong flag is refused with E_USAGE and the flag that was meant', async () => {
  writeSampleApp(project);
  const result = await build({ registry: await closedPortUrl(), options: ['--ofline'] });
  assert.match(JSON.stringify(assertRefused(result, 'E_USAGE')), /--offline/);
  assertNothingLeft();
});

test('a registry that cannot be reached gives E_REGISTRY_UNREACHABLE', async () => {
  writeSampleApp(project, { packages: [PLAIN] });
  await refuses('E_REGISTRY_UNREACHABLE', { registry: await closedPortUrl() });
});

test('a registry that refuses the token gives E_REGISTRY_DENIED and never prints the token', async () => {
  writeSampleApp(project, { packages: [PLAIN] });
  await withRegistry(
    [PLAIN],
    async (registry) => {
      // In the user's .npmrc: in the project's the secret guard would find it first.
      const userconfig = join(temp, 'npmrc');
      writeFileSync(userconfig, `${registry.replace('http:', '')}:_authToken=wrong-token-4711\n`);
      const result = await build({ registry, env: { npm_config_userconfig: userconfig } });
      assertRefused(result, 'E_REGISTRY_DENIED');
      assert.ok(!result.stderr.includes('wrong-token-4711'));
      assertNothingLeft();
    },
    { status: 401 },
  );
});

test('a tarball that is not the one the lock names gives E_INTEGRITY_MISMATCH and is not cached', async () => {
  writeSampleApp(project, { packages: [PLAIN] });
  const mangle = (tarball: Buffer): Buffer => Buffer.concat([tarball, Buffer.from('more')]);
  const mangled = async (registry: string): Promise<void> => {
    assert.match(await refuses('E_INTEGRITY_MISMATCH', { registry }), /plain/);
  };
  await withRegistry([PLAIN], mangled, { mangle });
  await withRegistry([PLAIN], async (registry) => assert.equal((await build({ registry })).status, 0));
});

test('a package that the registry does not have gives E_PACKAGE_NOT_FOUND', async () => {
  writeSampleApp(project, { packages: [PLAIN] });
  await withRegistry([], async (registry) => {
    assert.match(await refuses('E_PACKAGE_NOT_FOUND', { registry }), /plain/);
  });
});

test('an install script that fails gives E_INSTALL_SCRIPT_FAILED and names the package', async () => {
  const failing: DoublePackage = {
    name: 'failing',
    version: '2.0.0',
    files: { 'install.js': "console.error('no luck here'); process.exit(3);\n" },
    fields: { scripts: { install: 'node install.js' } },
  };
  writeSampleApp(project, { packages: [failing], fields: { allowScripts: { failing: true } } });
  await withRegistry([failing], async (registry) => {
    const result = await build({ registry });
    const error = assertRefused(result, 'E_INSTALL_SCRIPT_FAILED');
    assert.match(error.message, /failing@2\.0\.0/);
    assert.match(result.stderr, /no luck here/, 'the output of the script is shown');
    assertNothingLeft();
  });
});

const FOREIGN: DoublePackage = {
  name: 'foreign',
  version: '1.0.0',
  files: { 'index.js': '' },
  fields: { os: ['aix'] },
};

test('a required package for another platform gives E_PLATFORM_UNSUPPORTED', async () => {
  writeSampleApp(project, { packages: [FOREIGN] });
  await withRegistry([FOREIGN], async (registry) => {
    assert.match(await refuses('E_PLATFORM_UNSUPPORTED', { registry }), /foreign/);
  });
});

test('an optional package for another platform is left out', async () => {
  const app: SampleApp = { packages: [PLAIN, FOREIGN], optional: ['foreign'] };
  writeSampleApp(project, app);
  await withRegistry([PLAIN, FOREIGN], async (registry, requests) => {
    await buildApp(project, output, { env: registryEnv({ cache, registry }) });
    assert.ok(requests.some((path) => path.startsWith('/plain/')));
    assert.deepEqual(
      requests.filter((path) => path.startsWith('/foreign')),
      [],
    );
  });
});

/** Every file below a directory. */
function filesBelow(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.map((name) => join(directory, name)).filter((path) => statSync(path).isFile());
}

function flipLastByte(path: string): void {
  const bytes = readFileSync(path);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 0x01;
  writeFileSync(path, bytes);
}

const DAMAGED_PARTS: readonly [name: string, spoil: () => void][] = [
  ['finished unit', () => filesBelow(join(cache, 'units')).forEach(flipLastByte)],
  [
    'download',
    () => {
      // Without finished units the downloads are needed again.
      rmSync(join(cache, 'units'), { recursive: true });
      filesBelow(join(cache, 'downloads')).forEach(flipLastByte);
    },
  ],
];

for (const [name, spoil] of DAMAGED_PARTS) {
  test(`a damaged ${name} in the cache is healed with a warning, and the id stays`, async () => {
    const packages = [PLAIN, packageOfFiles('many', '1.0.0', 50)];
    writeSampleApp(project, { packages });
    await withRegistry(packages, async (registry) => {
      const env = registryEnv({ cache, registry });
      const { id } = await buildApp(project, output, { env });
      spoil();
      const again = await runProgram('salver', ['build', project, '--output', join(temp, 'again')], { env });
      assert.equal(again.status, 0, again.stderr);
      assert.match(again.stderr, /warning: .+\[E_CACHE_DAMAGED\]/);
      assert.ok(again.stdout.includes(id.slice(0, 12)), 'the same id');
      const third = await build({ registry, output: join(temp, 'third') });
      const { warnings } = JSON.parse(third.stdout) as { warnings: readonly string[] };
      assert.deepEqual(warnings, [], 'the cache is sound again');
    });
  });
}

const DISK_MEGABYTES = 1;

/** Bytes that do not compress, as text. */
function noiseText(length: number): string {
  let state = 5;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(33 + ((state >>> 24) % 90));
  }).join('');
}

for (const full of ['output', 'cache'] as const) {
  test(
    `a full disk below the ${full} directory gives E_DISK_FULL`,
    { skip: smallDiskSkipReason },
    async () => {
      writeSampleApp(project, { files: { 'data.txt': noiseText(3_000_000) } });
      const registry = await closedPortUrl();
      await withSmallDisk(DISK_MEGABYTES, async (disk) => {
        await refuses('E_DISK_FULL', { registry, [full]: join(disk.path, 'here') });
      });
    },
  );
}

test('SIGINT during a build ends it with 130, its scripts too, and leaves nothing', async () => {
  const started = join(temp, 'started');
  const script = `require('fs').writeFileSync(${JSON.stringify(started)}, String(process.pid)); setInterval(() => {}, 1000);\n`;
  writeSampleApp(project, { fields: { scripts: { build: 'node build.js' } }, files: { 'build.js': script } });
  const env = registryEnv({ cache, registry: await closedPortUrl() });
  const { child, ended } = startProgram('salver', ['build', project, '--output', output, '--json'], { env });
  const pid = await contentOf(started);
  child.kill('SIGINT');
  const result = await ended;
  assert.equal(result.status, 130, result.stderr);
  assert.equal(printedError(result).code, 'E_INTERRUPTED');
  assertNothingLeft();
  await ending(Number(pid));
});
