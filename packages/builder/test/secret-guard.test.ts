import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileEntry, isSalverError } from '@salver/core';
import type { PackEntry } from '@salver/core';
import { guardSecrets } from '../dist/secret-guard.js';
import type { SecretGuardOptions } from '../dist/secret-guard.js';
import { noise } from '@salver/testing';
import { recordingProgress } from './recording-progress.js';

// Put together here so that no scanner takes this file for a leak.
const BEGIN = '-----BEGIN ';
const KEY = `${BEGIN}RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAxGKoYDMX3n5uVtfQ\n`;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const TOKEN = `gh${'p_'}${LETTERS}`;

function findings(entries: readonly PackEntry[], more: Partial<SecretGuardOptions> = {}): readonly string[] {
  try {
    guardSecrets(entries, { allow: [], env: {}, ...more });
    return [];
  } catch (error) {
    assert.ok(isSalverError(error, 'E_SECRET_FOUND'), String(error));
    return error.facts.findings as readonly string[];
  }
}

const FORBIDDEN_NAMES = [
  '.env',
  'config/.env.production',
  '.netrc',
  'home/.ssh/config',
  '.aws/credentials',
  'keys/id_ed25519',
  'server.key',
  'cert/site.pem',
  'store.p12',
  'infra/terraform.tfstate',
  '.docker/config.json',
  'dump.heapsnapshot',
  'core.1234',
  '.git-credentials',
];

for (const path of FORBIDDEN_NAMES) {
  test(`${path} is refused for its name`, () => {
    const [found = ''] = findings([fileEntry(path, 'anything')]);
    assert.ok(found.startsWith(`${path}: `), found);
  });
}

// Name, content: what looks like a secret by name but is none.
const HARMLESS: readonly [string, string][] = [
  ['.env.example', 'TOKEN='],
  ['.npmrc', 'registry=https://x/\n//x/:_authToken=${NPM_TOKEN}\n'],
  ['.yarnrc.yml', 'npmAuthToken: "${NPM_TOKEN}"\n'],
  ['ca.pem', `${BEGIN}CERTIFICATE-----\nMIID\n`],
  ['jwt/public.key', `${BEGIN}PUBLIC KEY-----\nMIIB\n`],
  ['id_rsa.pub', 'ssh-rsa AAAA'],
  ['service-account.schema.json', '{"type": "object"}'],
  ['core.js', 'x'],
  ['environment.ts', 'x'],
  [
    'lib/parse.js',
    `if (text.startsWith('${BEGIN}RSA PRIVATE KEY-----')) throw new Error('${BEGIN}PRIVATE KEY-----\\n' + body);`,
  ],
  ['doc.md', `A file that begins with "${BEGIN}PRIVATE KEY-----" is\na private key.`],
  ['aws.md', `use AKI${'AIOSFODNN7EXAMPLE'} here`],
  ['npm.md', 'npm_config_registry npm_package_name_is_quite_long_but_no_token'],
];

for (const [path, content] of HARMLESS) {
  test(`${path} with harmless content passes`, () => {
    assert.deepEqual(findings([fileEntry(path, content)]), []);
  });
}

// Name, content, line, rule.
const SECRETS: readonly [string, string, number | undefined, RegExp][] = [
  ['conf/server.txt', `${BEGIN}RSA PRIVATE KEY-----\nMIIE\n`, 1, /private key/],
  ['a.txt', `text\ntext\n${KEY}`, 3, /private key/],
  ['b.js', `\nconst key = "${KEY.replaceAll('\n', '\\n')}";`, 2, /private key/],
  [
    'c.js',
    `const key = ['${BEGIN}PRIVATE KEY-----',\n 'MIIEvQIBADANBgkqhkiG9w0BAQEF'].join();`,
    1,
    /private key/,
  ],
  [
    'd.txt',
    `${BEGIN}RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n\r\nMIIEpAIB\r\n`,
    1,
    /private key/,
  ],
  ['pgp.asc', `${BEGIN}PGP PRIVATE KEY BLOCK-----\n\nlQOYBGB\n`, 1, /private key/],
  ['x.js', `call("${TOKEN}")`, 1, /GitHub/],
  ['x.js.map', `{"sourcesContent":["const t='${TOKEN}'"]}`, 1, /GitHub/],
  ['y', `AKI${'AZ2J4NPQR5STUVWXY'}`, 1, /AWS/],
  ['z', `npm${'_'}${LETTERS}`, 1, /npm token/],
  ['s', `xox${'b-123456789012-abc'}`, 1, /Slack/],
  ['p', `sk_${'live_'}${LETTERS}`, 1, /Stripe/],
  ['.npmrc', '//registry/:_authToken=npm-abc\n', undefined, /npm credentials/],
  ['service-account-prod.json', '{"private_key": "x"}', undefined, /service account/],
  ['mixed.pem', `${BEGIN}CERTIFICATE-----\nMIID\n${KEY}`, undefined, /private key file/],
];

for (const [path, content, line, rule] of SECRETS) {
  test(`${path} is refused by ${String(rule)}${line === undefined ? '' : ` in line ${line}`}`, () => {
    const [found = ''] = findings([fileEntry(path, content)]);
    assert.match(found, rule);
    assert.ok(found.startsWith(line === undefined ? `${path}: ` : `${path}:${line}: `), found);
  });
}

test('the message names file, line and rule but never the secret', () => {
  assert.throws(
    () => guardSecrets([fileEntry('x.js', `\n${TOKEN}`)], { allow: [], env: {} }),
    (error) =>
      isSalverError(error, 'E_SECRET_FOUND') &&
      error.message.includes('x.js:2: GitHub token') &&
      !JSON.stringify([error.message, error.hint, error.facts]).includes(LETTERS),
  );
});

test('all files with findings are named at once, at most twenty in words', () => {
  const many = Array.from({ length: 25 }, (_, index) => fileEntry(`f${index}.key`, 'x'));
  const found = findings(many);
  assert.equal(found.length, 20);
  assert.throws(
    () => guardSecrets(many, { allow: [], env: {} }),
    (error) => isSalverError(error) && /^25 secrets/.test(error.message) && error.message.includes('5 more'),
  );
});

test('values of secret-looking variables are found in any file, also inside JSON strings', () => {
  const env = { DEPLOY_PASSWORD: 'tiger "claw" 77', HOME: '/home/me', NORMAL: 'tiger-value-1' };
  assert.deepEqual(findings([fileEntry('a', 'x tiger "claw" 77 y')], { env }), [
    'a:1: value of the environment variable DEPLOY_PASSWORD',
  ]);
  assert.equal(
    findings([fileEntry('a.json', JSON.stringify({ a: env.DEPLOY_PASSWORD }))], { env }).length,
    1,
  );
  assert.deepEqual(findings([fileEntry('a', 'tiger-value-1 /home/me')], { env }), []);
});

test('short, common and public values of such variables are no secrets', () => {
  const env = {
    A_TOKEN: 'short',
    B_SECRET: 'production',
    C_SECRET: 'true',
    SSH_PRIVATE_KEY_FILE: '/home/me/.ssh/key',
    TOKEN_URL: 'https://auth.example.net/token',
    EMPTY_TOKEN: '',
  };
  const text = `short production true /home/me/.ssh/key https://auth.example.net/token ${'\n'}`;
  assert.deepEqual(findings([fileEntry('a', text)], { env }), []);
});

test('a secret is found wherever it lies in a large file', () => {
  const window = 4 * 1024 * 1024;
  for (const at of [0, window - 20, window - 1, window, window + 70_000, 2 * window - 5]) {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'x\n');
    bytes.write(` ${TOKEN} `, at, 'latin1');
    const [found = ''] = findings([fileEntry('big.js', bytes)]);
    assert.match(found, /^big\.js:\d+: GitHub token/, `at ${at}`);
    const line = Number(/:(\d+):/.exec(found)?.[1]);
    assert.ok(Math.abs(line - at / 2) < 3, `line ${line} for byte ${at}`);
  }
});

test('a file may ship with a reason; a reason for nothing is warned of', () => {
  const progress = recordingProgress();
  const allow = [
    { path: 'test/**/*.pem', reason: 'keys for tests' },
    { path: 'gone.key', reason: 'old' },
  ];
  const entries = [fileEntry('test/tls/key.pem', KEY), fileEntry('other.pem', KEY)];
  assert.deepEqual(
    findings(entries, { allow }).map((text) => text.split(':')[0]),
    ['other.pem'],
  );
  assert.deepEqual(findings(entries.slice(0, 1), { allow, progress }), []);
  assert.deepEqual(progress.warnings, ['secrets.allow names gone.key, but nothing is found there']);
});

test('random bytes hold no secret', () => {
  assert.deepEqual(findings([fileEntry('image.png', noise(3_000_000))]), []);
});
