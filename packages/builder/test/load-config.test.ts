import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { initConfig, loadConfig } from '@salver/builder';
import { tempDir, writeTree } from './temp-tree.js';

const PACKAGE = JSON.stringify({ name: 'shop', version: '1.4.2' });

test('a project without any configuration has defaults', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'package.json': '{}' });
  assert.deepEqual(loadConfig(directory), {
    file: undefined,
    name: 'app',
    version: '0.0.0',
    target: undefined,
    build: undefined,
    files: { include: [], exclude: [] },
    assets: [],
    dependencies: {},
    python: {},
    secrets: { allow: [] },
    stores: {},
    host: {},
  });
});

/** The example of the design document, with comments everywhere. */
const FULL = {
  $schema: './schema.json',
  '//': 'a comment',
  name: 'shop',
  version: '2.0.0-rc.1+build',
  target: 'linux-arm64-musl',
  build: ['npm run build'],
  files: { '// note': 1, include: ['dist'], exclude: ['docs/**'] },
  assets: [
    { directory: 'dist/assets', url: '/static/', compress: ['br'], immutable: true, keep: '30d', '//': 'x' },
  ],
  dependencies: {
    strictIntegrity: true,
    allowGit: ['a'],
    allowRemote: false,
    allowScripts: { bcrypt: true, 'core-js@3.1.0': false, '//': 'x' },
  },
  python: { version: '3.11', buildEnv: { A: '1', '//': 'x' }, '//': 'x' },
  secrets: { allow: [{ path: 'test/key.pem', reason: 'a test key', '//': 'why' }] },
  start: 'node server.js',
  shared: ['uploads', 'log'],
  env: {
    DATABASE_URL: { required: true, pattern: 'postgres://.+' },
    PORT: { default: '3000' },
    '// PORT': 'x',
  },
  hooks: {
    prepare: 'echo',
    migrate: { run: 'npm run migrate', phase: 'expand', timeout: '5m' },
    reload: 'systemctl reload shop',
    check: { http: 'http://127.0.0.1:3000/healthz', passes: 3, deadline: '30s' },
  },
  keep: 5,
  stores: { main: 's3://artifacts/prod?endpoint=x', '//': 'x' },
};

for (const place of ['salver.json', 'package.json'] as const) {
  test(`every key is read from ${place}, comments left out`, (t) => {
    const directory = tempDir(t);
    if (place === 'salver.json')
      writeTree(directory, { 'package.json': PACKAGE, [place]: JSON.stringify(FULL) });
    else writeTree(directory, { [place]: JSON.stringify({ name: 'x', salver: FULL }) });
    assert.deepEqual(loadConfig(directory), {
      file: place,
      name: 'shop',
      version: '2.0.0-rc.1+build',
      target: { os: 'linux', arch: 'arm64', libc: 'musl' },
      build: ['npm run build'],
      files: { include: ['dist'], exclude: ['docs/**'] },
      assets: [
        {
          key: 'assets.0.directory',
          directory: 'dist/assets',
          compress: ['br'],
          facts: { url: '/static/', immutable: true, keep: '30d' },
        },
      ],
      dependencies: {
        strictIntegrity: true,
        allowGit: ['a'],
        allowRemote: false,
        allowScripts: { bcrypt: true, 'core-js@3.1.0': false },
      },
      python: { version: '3.11', buildEnv: { A: '1' } },
      secrets: { allow: [{ path: 'test/key.pem', reason: 'a test key' }] },
      stores: { main: 's3://artifacts/prod?endpoint=x' },
      host: {
        start: 'node server.js',
        shared: ['uploads', 'log'],
        env: { DATABASE_URL: { required: true, pattern: 'postgres://.+' }, PORT: { default: '3000' } },
        hooks: {
          prepare: { run: 'echo' },
          migrate: { run: 'npm run migrate', phase: 'expand', timeout: '5m' },
          reload: { run: 'systemctl reload shop' },
          check: { http: 'http://127.0.0.1:3000/healthz', passes: 3, deadline: '30s' },
        },
        keep: 5,
      },
    });
  });
}

test('a check in text form is a URL or a command', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'salver.json': '{"hooks": {"check": "https://127.0.0.1/ok"}}' });
  assert.deepEqual(loadConfig(directory).host.hooks, { check: { http: 'https://127.0.0.1/ok' } });
  writeTree(directory, { 'salver.json': '{"hooks": {"check": "./is-healthy"}}' });
  assert.deepEqual(loadConfig(directory).host.hooks, { check: { run: './is-healthy' } });
});

test('a candidate may ask what the check asks', (t) => {
  const directory = tempDir(t);
  const hooks = { check: { run: './is-healthy' }, candidate: { deadline: '10s' } };
  writeTree(directory, { 'salver.json': JSON.stringify({ start: 'node .', hooks, onCrash: 'keep' }) });
  const { host } = loadConfig(directory);
  assert.deepEqual([host.hooks, host.onCrash], [hooks, 'keep']);
});

test('the name and version of package.json are used, scopes made part of the name', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'package.json': '\uFEFF{"name": "@Acme/Shop", "version": "1.0.0"}' });
  const { name, version } = loadConfig(directory);
  assert.deepEqual([name, version], ['acme-shop', '1.0.0']);
});

// What is wrong, the key that is named, what the message says, what is suggested.
const WRONG: readonly [config: unknown, key: string, says: RegExp, suggests?: string][] = [
  [{ strat: 'x' }, 'strat', /not a known key/, 'start'],
  [{ hook: {} }, 'hook', /not a known key/, 'hooks'],
  [{ hooks: { check: { http: 'http://x', pases: 1 } } }, 'hooks.check.pases', /not a known key/, 'passes'],
  [
    { hooks: { check: { http: 'http://x', passes: 0 } } },
    'hooks.check.passes',
    /whole number from 1 to 1000, not 0/,
  ],
  [{ hooks: { check: { http: 'http://x', passes: 1.5 } } }, 'hooks.check.passes', /a whole number, not 1\.5/],
  [{ hooks: { check: { http: 'http://x', tcp: 'x:1' } } }, 'hooks.check', /exactly one of http, tcp and run/],
  [{ hooks: { check: {} } }, 'hooks.check', /exactly one/],
  [
    { hooks: { check: { http: 'http://x', deadline: '30 seconds' } } },
    'hooks.check.deadline',
    /a duration such as/,
  ],
  [{ hooks: { check: { run: 'x', header: 'no colon' } } }, 'hooks.check.header', /a header such as/],
  [{ hooks: { candidate: { tcp: 'x:1' } } }, 'hooks.candidate', /needs "start"/],
  [{ start: 'x', hooks: { candidate: {} } }, 'hooks.candidate', /no hooks\.check/],
  [{ start: 'x', hooks: { candidate: { tcp: 'x:1', run: 'x' } } }, 'hooks.candidate', /at most one/],
  [{ start: 'x', hooks: { candidate: { port: 'A-B' } } }, 'hooks.candidate.port', /environment variable/],
  [{ onCrash: 'reboot' }, 'onCrash', /one of verify, rollback, keep/],
  [{ hooks: { migrate: { phase: 'expand' } } }, 'hooks.migrate.run', /is missing/],
  [
    { hooks: { migrate: { run: 'x', phase: 'both' } } },
    'hooks.migrate.phase',
    /one of expand, contract, not "both"/,
  ],
  [{ hooks: { reload: 5 } }, 'hooks.reload', /text or an object, not 5/],
  [{ hooks: { reload: '' } }, 'hooks.reload', /must not be empty/],
  [{ build: { run: 'x' } }, 'build', /text or a list, not an object/],
  [{ build: ['a', ''] }, 'build.1', /must not be empty/],
  [{ name: 'Shop Two' }, 'name', /lower-case letters/],
  [{ version: '../1' }, 'version', /a version of letters/],
  [{ target: 'windows' }, 'target', /"linux-x64-glibc"/],
  [{ shared: ['../up'] }, 'shared.0', /path below the release/],
  [{ shared: ['/abs'] }, 'shared.0', /it is absolute/],
  [{ env: { 'A-B': {} } }, 'env.A-B', /of the form/],
  [{ env: { A: { pattern: '(' } } }, 'env.A.pattern', /regular expression/],
  [{ env: { A: { requird: true } } }, 'env.A.requird', /not a known key/, 'required'],
  [{ keep: '5' }, 'keep', /a whole number, not "5"/],
  [{ dependencies: { allowGit: 'all' } }, 'dependencies.allowGit', /true or false or a list/],
  [
    { dependencies: { allowScripts: { a: 'yes' } } },
    'dependencies.allowScripts.a',
    /true or false, not "yes"/,
  ],
  [{ secrets: { allow: [{ path: 'x' }] } }, 'secrets.allow.0.reason', /is missing/],
  [{ secrets: { allow: ['x'] } }, 'secrets.allow.0', /must be an object/],
  [{ stores: { main: 5 } }, 'stores.main', /must be text/],
  [[], '', /must be an object, not a list/],
  [null, '', /must be an object, not null/],
];

for (const [config, key, says, suggestion] of WRONG) {
  test(`${JSON.stringify(config)} is refused, naming ${key === '' ? 'the document' : key}`, (t) => {
    const directory = tempDir(t);
    writeTree(directory, { 'salver.json': JSON.stringify(config) });
    assert.throws(
      () => loadConfig(directory),
      (error) => {
        assert.ok(isSalverError(error, 'E_CONFIG_INVALID'));
        assert.match(error.message, says);
        assert.equal(error.facts.key, key);
        assert.equal(error.facts.suggestion, suggestion);
        if (suggestion !== undefined) assert.ok(error.hint?.includes(suggestion));
        return true;
      },
    );
  });
}

test('a file that is not JSON is refused with line and column', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'salver.json': '{\n  "name": "x",\n  "keep": 5,,\n}' });
  assert.throws(
    () => loadConfig(directory),
    (error) => isSalverError(error, 'E_CONFIG_INVALID') && error.message.includes('line 3, column 13'),
  );
});

test('a file that ends too early is refused at its end', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'salver.json': '{\n  "keep":' });
  assert.throws(
    () => loadConfig(directory),
    (error) => isSalverError(error, 'E_CONFIG_INVALID') && error.message.includes('line 2, column 10'),
  );
});

test('two places that configure the build are refused', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'salver.json': '{}', 'package.json': '{"salver": {}}' });
  assert.throws(
    () => loadConfig(directory),
    (error) => isSalverError(error, 'E_CONFIG_INVALID'),
  );
});

for (const [name, json] of [
  ['a name', { name: 'päckage' }],
  ['a version', { name: 'a', version: '1.0.0 beta' }],
] as const) {
  test(`${name} in package.json that cannot be used in file names asks for one in salver.json`, (t) => {
    const directory = tempDir(t);
    writeTree(directory, { 'package.json': JSON.stringify(json) });
    assert.throws(
      () => loadConfig(directory),
      (error) => isSalverError(error, 'E_CONFIG_INVALID') && (error.hint?.includes('salver.json') ?? false),
    );
  });
}

test('init writes a commented start that loads, and never overwrites', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'package.json': '{"name": "shop", "scripts": {"start": "node bin/www"}}' });
  const path = initConfig(directory);
  assert.equal(path, join(directory, 'salver.json'));
  const text = readFileSync(path, 'utf8');
  assert.match(text, /"\$schema"/);
  assert.match(text, /"\/\/"/);
  assert.equal(loadConfig(directory).host.start, 'node bin/www');
  assert.throws(
    () => initConfig(directory),
    (error) => isSalverError(error, 'E_USAGE'),
  );
  assert.equal(readFileSync(path, 'utf8'), text);
});

test('init refuses a project that is configured in package.json', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'package.json': '{"salver": {"keep": 3}}' });
  assert.throws(
    () => initConfig(directory),
    (error) => isSalverError(error, 'E_USAGE'),
  );
});

test('one asset directory needs no list and no URL', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'salver.json': '{"assets": {"directory": "public"}}' });
  assert.deepEqual(loadConfig(directory).assets, [
    { key: 'assets.directory', directory: 'public', compress: ['gzip', 'br'], facts: { url: '/public/' } },
  ]);
});

const BAD_ASSETS: readonly (readonly [name: string, config: object, key: string])[] = [
  ['a path that climbs out', { assets: { directory: '../x' } }, 'assets.directory'],
  ['a URL without a slash at its end', { assets: [{ directory: 'a', url: '/a' }] }, 'assets.0.url'],
  ['a URL that climbs out', { assets: [{ directory: 'a', url: '/a/../' }] }, 'assets.0.url'],
  ['a directory whose name cannot be its URL', { assets: [{ directory: 'a b' }] }, 'assets.0.url'],
  ['an unknown encoding', { assets: { directory: 'a', compress: ['zstd'] } }, 'assets.compress.0'],
  ['a time that is none', { assets: { directory: 'a', keep: '30' } }, 'assets.keep'],
  ['directories in each other', { assets: [{ directory: 'a' }, { directory: 'a/b' }] }, 'assets.1.directory'],
  [
    'one URL for two directories',
    { assets: [{ directory: 'a' }, { directory: 'b', url: '/a/' }] },
    'assets.1.url',
  ],
  ['a directory of dependencies', { assets: [{ directory: 'node_modules/a' }] }, 'assets.0.directory'],
  ['a directory in a shared path', { assets: [{ directory: 'up/a' }], shared: ['up'] }, 'assets.0.directory'],
  [
    'files kept where the app keeps its own',
    { assets: [{ directory: 'a', keep: '1d' }], shared: ['static/x'] },
    'assets.0.keep',
  ],
];

for (const [name, config, key] of BAD_ASSETS) {
  test(`refuses in assets: ${name}`, (t) => {
    const directory = tempDir(t);
    writeTree(directory, { 'salver.json': JSON.stringify(config) });
    assert.throws(
      () => loadConfig(directory),
      (error) => isSalverError(error, 'E_CONFIG_INVALID') && error.facts.key === key,
    );
  });
}
