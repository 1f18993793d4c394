import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNpmConfig } from '../dist/npm-config.js';
import { loadNpmOptions } from '../dist/npm-options.js';
import { parseNpmrc } from '../dist/npmrc-file.js';
import { withFiles } from './project-double.js';

type Env = Readonly<Record<string, string>>;

const NODE = '/nowhere/bin/node';

/** Files of a machine with the project in `project/` and the home directory in `home/`. */
const FILES = {
  'project/package.json': '{"name":"app"}',
  'project/.npmrc': [
    '; a comment',
    'registry = "https://project.test/npm"',
    '@scope:registry=https://scope.test/',
    '//project.test/npm/:_authToken=${TOKEN}',
    '//scope.test/:_auth=${ABSENT}',
    'fetch-retries=7 ; seven',
    'legacy-peer-deps',
    'ca[]=one',
    'ca[]=two',
    'strict-ssl=false',
  ].join('\n'),
  'home/.npmrc': 'registry=https://user.test/\nengine-strict=true\nnoproxy=a.test,b.test\ncache=~/my-cache\n',
  'prefix/etc/npmrc': 'proxy=http://proxy.test:3128/\nmaxsockets=3\nengine-strict=false\n',
};

async function withMachine<T>(env: Env, work: (directory: string, env: Env) => Promise<T>): Promise<T> {
  return withFiles(FILES, (directory) =>
    work(directory, {
      HOME: join(directory, 'home'),
      PREFIX: join(directory, 'prefix'),
      TOKEN: 's3cret',
      ...env,
    }),
  );
}

test('the layers are environment, project, user, global', async () => {
  await withMachine({ npm_config_fetch_retries: '4' }, async (directory, env) => {
    const options = await loadNpmOptions(join(directory, 'project'), env, NODE);
    assert.equal(options.fetch.registry, 'https://project.test/npm/');
    assert.equal(options.fetch.retry.retries, 4);
    assert.equal(options.engineStrict, true);
    assert.equal(options.fetch.proxy, 'http://proxy.test:3128/');
    assert.equal(options.fetch.maxSockets, 3);
    assert.equal(options.legacyPeerDeps, true);
    assert.equal(options.fetch.strictSSL, false);
    assert.equal(options.cacheDir, join(directory, 'home', 'my-cache'));
    assert.deepEqual(options.fetch.ca, ['one', 'two']);
  });
});

test('scopes and credentials are handed on, variables expanded, and absent ones named', async () => {
  await withMachine({}, async (directory, env) => {
    const { fetch, undefinedVariables } = await loadNpmOptions(join(directory, 'project'), env, NODE);
    assert.equal(fetch['@scope:registry'], 'https://scope.test/');
    assert.equal(fetch['//project.test/npm/:_authToken'], 's3cret');
    assert.deepEqual(undefinedVariables, ['ABSENT']);
  });
});

test('defaults without any configuration', async () => {
  await withFiles({}, async (directory) => {
    const options = await loadNpmOptions(directory, { HOME: directory }, NODE);
    assert.equal(options.fetch.registry, 'https://registry.npmjs.org/');
    assert.equal(options.fetch.strictSSL, true);
    assert.equal(options.replaceRegistryHost, 'registry.npmjs.org');
    assert.equal(options.installStrategy, 'hoisted');
    assert.equal(options.binLinks, true);
    assert.deepEqual(options.allowScripts, []);
  });
});

test("a project in the home directory has one .npmrc, the user's", async () => {
  await withFiles({ '.npmrc': 'fetch-retries=9' }, async (directory) => {
    const options = await loadNpmOptions(directory, { HOME: directory }, NODE);
    assert.equal(options.fetch.retry.retries, 9);
  });
});

test('a cafile is split into certificates; one that is absent is ignored', async () => {
  const pem = '-----BEGIN CERTIFICATE-----\r\nAA\r\n-----END CERTIFICATE-----\r\n';
  await withFiles({ '.npmrc': 'cafile=~/ca.pem', 'h/ca.pem': pem + pem }, async (directory) => {
    const env = { HOME: join(directory, 'h') };
    const { fetch } = await loadNpmOptions(directory, env, NODE);
    assert.equal(fetch.ca?.length, 2);
    assert.ok(fetch.ca[0]?.endsWith('AA\n-----END CERTIFICATE-----'));
    const other = await loadNpmOptions(directory, { HOME: join(directory, 'none') }, NODE);
    assert.equal(other.fetch.ca, undefined);
  });
});

test('a registry that is not a URL is refused without repeating it', async () => {
  await withFiles({ '.npmrc': 'registry=user:s3cret' }, async (directory) => {
    await assert.rejects(loadNpmOptions(directory, { HOME: directory }, NODE), (error: Error) => {
      return 'code' in error && error.code === 'E_CONFIG_INVALID' && !error.message.includes('s3cret');
    });
  });
});

test('install-strategy=linked is read, for the plan to refuse', async () => {
  await withFiles({}, async (directory) => {
    const env = { HOME: directory, npm_config_install_strategy: 'linked' };
    assert.equal((await loadNpmOptions(directory, env, NODE)).installStrategy, 'linked');
  });
});

interface ConfigClass {
  new (options: Record<string, unknown>): {
    load(): Promise<void>;
    get(key: string): unknown;
  };
}

interface Definitions {
  readonly definitions: unknown;
  readonly shorthands: unknown;
  readonly flatten: unknown;
}

test('every setting has the value that @npmcli/config finds', async () => {
  const require = createRequire(import.meta.url);
  const Config = require('@npmcli/config') as ConfigClass;
  const definitions = require('@npmcli/config/lib/definitions') as Definitions;
  const variants: readonly Env[] = [
    {},
    { npm_config_registry: 'https://env.test/', NPM_CONFIG_NOPROXY: 'x.test' },
    { npm_config_userconfig: '/nowhere/user-npmrc', npm_config_empty: '' },
    { TOKEN: 'a\\b', 'npm_config_//env.test/:_authToken': 'T' },
  ];
  for (const variant of variants) {
    await withMachine(variant, async (directory, env) => {
      const cwd = join(directory, 'project');
      const npm = new Config({
        ...definitions,
        npmPath: '/nowhere',
        argv: ['node', 'npm'],
        env: { ...env },
        cwd,
        execPath: NODE,
        warn: false,
      });
      await npm.load();
      const { settings } = loadNpmConfig(cwd, env, NODE);
      for (const [key, value] of settings) {
        if (key === 'cache' || key === 'userconfig') continue;
        const theirs = npm.get(key);
        const ours = typeof value === 'string' ? [value] : value;
        assert.deepEqual([theirs].flat().map(String), ours, key);
      }
    });
  }
});

test('.npmrc text is read as ini', () => {
  const text = [
    '# comment',
    'a=1',
    ' b = "quoted = value" ',
    'c = \'"json"\'',
    'd = x\\;y ; comment',
    'e\\#f = z # more',
    'flag',
    'empty =',
    'a=2',
    'list[]=1',
    'list[]=2',
    '[section]',
    'hidden=1',
  ].join('\r\n');
  assert.deepEqual(
    [...parseNpmrc(text)],
    [
      ['a', '2'],
      ['b', 'quoted = value'],
      ['c', 'json'],
      ['d', 'x;y'],
      ['e#f', 'z'],
      ['flag', 'true'],
      ['empty', ''],
      ['list', ['1', '2']],
    ],
  );
});
