import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePylock } from '../dist/pylock-file.js';
import type { PythonLock } from '../dist/python-lock.js';
import { LINUX } from './environment-double.js';

const HASH = 'a'.repeat(64);

function read(text: string, more: Partial<typeof LINUX> = {}): Promise<PythonLock> {
  return parsePylock({ lockfile: 'pylock.toml', text, environment: { ...LINUX, ...more } });
}

const HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n';

function entry(name: string, more = '', file = 'url = "https://example.net/x-1.0-py3-none-any.whl"'): string {
  return `[[packages]]\nname = "${name}"\nversion = "1.0"\n${more}\nwheels = [{ ${file}, size = 3, hashes = { sha256 = "${HASH}" } }]\n`;
}

test('reads packages with their files', async () => {
  const lock = await read(
    `${HEAD}requires-python = ">=3.11.2"\n${entry('Foo_Bar', 'sdist = { path = "dist/foo-1.0.tar.gz", hashes = { sha256 = "' + HASH + '" } }')}`,
  );
  assert.equal(lock.requiresPython, '>=3.11.2');
  const [item] = lock.packages;
  assert.equal(item?.name, 'foo-bar');
  assert.deepEqual(
    item?.files.map(({ fileName, url, path, sizeBytes }) => [fileName, url, path, sizeBytes]),
    [
      ['x-1.0-py3-none-any.whl', 'https://example.net/x-1.0-py3-none-any.whl', undefined, 3],
      ['foo-1.0.tar.gz', undefined, 'dist/foo-1.0.tar.gz', undefined],
    ],
  );
});

test('installs what the markers, extras and groups say', async () => {
  const text =
    `${HEAD}default-groups = ["web"]\ndependency-groups = ["web", "test"]\nextras = ["pg"]\n` +
    entry('always') +
    entry('windows', `marker = "sys_platform == 'win32'"`) +
    entry('pg', `marker = "'pg' in extras"`) +
    entry('web', `marker = "'web' in dependency_groups"`) +
    entry('test', `marker = "'test' in dependency_groups"`);
  const names = async (more: Partial<typeof LINUX>) =>
    (await read(text, more)).packages.map(({ name }) => name);
  assert.deepEqual(await names({}), ['always', 'web']);
  assert.deepEqual(await names({ extras: new Set(['pg']) }), ['always', 'pg', 'web']);
  assert.deepEqual(await names({ groups: new Set(['test']) }), ['always', 'test']);
});

test('takes one of several versions by marker', async () => {
  const text =
    HEAD +
    entry('a', `marker = "python_version < '3.11'"`) +
    entry('a', `marker = "python_version >= '3.11'"`);
  assert.equal((await read(text)).packages.length, 1);
});

const REFUSED: readonly (readonly [title: string, text: string, code: string, message: RegExp])[] = [
  ['what is no TOML', 'lock-version = ', 'E_LOCK_INVALID', /no TOML/],
  ['a lock without version', 'packages = []', 'E_LOCK_INVALID', /no lock-version/],
  ['a lock of the future', 'lock-version = "2.0"', 'E_LOCK_UNSUPPORTED', /2\.0/],
  [
    'a lock for another Python',
    `${HEAD}requires-python = ">=3.12"\n`,
    'E_ENGINE_UNSUPPORTED',
    />=3\.12.*3\.11\.7/,
  ],
  [
    'a package for another Python',
    HEAD + entry('a', 'requires-python = "<3.10"'),
    'E_ENGINE_UNSUPPORTED',
    /^a is for Python/,
  ],
  [
    'a lock for other environments',
    `${HEAD}environments = ["sys_platform == 'darwin'"]\n`,
    'E_LOCK_UNSUPPORTED',
    /environments/,
  ],
  ['a package twice', HEAD + entry('a') + entry('A'), 'E_LOCK_INVALID', /more than once/],
  ['a file without hash', HEAD + entry('a').replace(/sha256 = "a+"/, ''), 'E_INTEGRITY_MISSING', /no hash/],
  [
    'a path that climbs out',
    HEAD + entry('a', '', 'path = "../x-1.0-py3-none-any.whl"'),
    'E_LOCK_INVALID',
    /refused/,
  ],
  [
    'an editable directory',
    `${HEAD}[[packages]]\nname = "a"\ndirectory = { path = ".", editable = true }\n`,
    'E_EDITABLE_REFUSED',
    /editable/,
  ],
  [
    'a directory',
    `${HEAD}[[packages]]\nname = "a"\ndirectory = { path = "lib" }\n`,
    'E_LOCK_UNSUPPORTED',
    /directory/,
  ],
  [
    'a repository',
    `${HEAD}[[packages]]\nname = "a"\nvcs = { type = "git", url = "https://example.net/x.git", commit-id = "0" }\n`,
    'E_GIT_DEPENDENCY_REFUSED',
    /repository/,
  ],
  ['a package without files', `${HEAD}[[packages]]\nname = "a"\n`, 'E_LOCK_INVALID', /no files/],
  ['packages that are no list', `${HEAD}packages = "x"\n`, 'E_LOCK_INVALID', /not a list/],
];

for (const [title, text, code, message] of REFUSED) {
  test(`refuses ${title}`, async () => {
    await assert.rejects(read(text), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.stack);
      assert.match(error.message, message);
      return true;
    });
  });
}
