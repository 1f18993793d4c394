import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EcosystemContext } from '@salver/core';
import { makeWheel, startIndexDouble } from '@salver/testing';
import type { IndexDouble, IndexDoubleOptions, MadePackage } from '@salver/testing';
import { NO_INDEX_OPTIONS, sriOfHash } from '../dist/python-lock.js';
import type { LockedPackage } from '../dist/python-lock.js';
import { fetcherOf, withContext } from './context-double.js';

const OLD = makeWheel({ name: 'fx-a', files: { 'a.py': 'A = 1\n' }, tag: 'py2.py3-none-any' });
const GOOD = makeWheel({
  name: 'fx-a',
  files: { 'a.py': 'A = 1\n' },
  tag: 'cp311-cp311-manylinux_2_17_x86_64',
});
const NEWER = makeWheel({ name: 'fx-a', files: { 'a.py': 'A = 2\n' }, version: '2.0' });
const sri = ({ sha256 }: MadePackage): string => sriOfHash('sha256', sha256) ?? '';
const locked = (...files: MadePackage[]): LockedPackage => ({
  name: 'fx-a',
  version: '1.0',
  files: [],
  hashes: files.map(sri),
});

async function withIndex<T>(
  options: Partial<IndexDoubleOptions>,
  work: (index: IndexDouble, context: EcosystemContext) => Promise<T>,
  env: (index: IndexDouble) => EcosystemContext['env'] = ({ url }) => ({ PIP_INDEX_URL: url }),
): Promise<T> {
  const index = await startIndexDouble({ projects: { 'fx-a': [OLD, GOOD, NEWER] }, ...options });
  try {
    return await withContext((context) =>
      work(index, { ...context, env: { ...context.env, ...env(index) } }),
    );
  } finally {
    await index.close();
  }
}

for (const form of ['json', 'html'] as const) {
  test(`asks an index (${form}) for the best file with a hash of the lock, once`, () =>
    withIndex({ form }, async (index, context) => {
      const fetcher = fetcherOf(context);
      const item = locked(OLD, GOOD);
      const file = await fetcher.chooseFile(item);
      assert.equal(file.fileName, GOOD.fileName);
      assert.ok(readFileSync((await fetcher.fetch(item, file)).path).equals(GOOD.bytes));
      assert.equal(fetcher.downloadedBytes, GOOD.bytes.length);
      const again = fetcherOf({ ...context, offline: true });
      assert.equal((await again.fetch(item, await again.chooseFile(item))).sizeBytes, GOOD.bytes.length);
      assert.deepEqual(index.requests, ['/simple/fx-a/', `/files/${GOOD.fileName}`]);
    }));
}

test('takes nothing whose hash the lock does not have', () =>
  withIndex({}, async (_, context) => {
    assert.equal((await fetcherOf(context).chooseFile(locked(OLD))).fileName, OLD.fileName);
    await assert.rejects(fetcherOf(context).chooseFile(locked(NEWER)), { code: 'E_PACKAGE_NOT_FOUND' });
  }));

test('reads a mangled body again, and gives up on one that stays so', async () => {
  const mangle = (_: string, attempt: number): Buffer | undefined =>
    attempt === 1 ? Buffer.from('mangled') : undefined;
  await withIndex({ mangle }, async (index, context) => {
    const item = locked(GOOD);
    const fetcher = fetcherOf(context);
    await fetcher.fetch(item, await fetcher.chooseFile(item));
    assert.equal(index.requests.length, 3);
  });
  await withIndex({ mangle: () => Buffer.from('mangled') }, async (_, context) => {
    const fetcher = fetcherOf(context);
    const item = locked(GOOD);
    await assert.rejects(fetcher.fetch(item, await fetcher.chooseFile(item)), {
      code: 'E_INTEGRITY_MISMATCH',
    });
  });
});

const CREDENTIALS: readonly (readonly [
  title: string,
  env: (index: IndexDouble, home: string) => EcosystemContext['env'],
  code?: string,
])[] = [
  ['credentials in the URL', ({ url }) => ({ PIP_INDEX_URL: url.replace('http://', 'http://me:s%40fe@') })],
  [
    'credentials in netrc',
    ({ url }, home) => {
      writeFileSync(join(home, 'netrc'), 'machine 127.0.0.1\n  login me\n  password s@fe\n');
      return { PIP_INDEX_URL: url, NETRC: join(home, 'netrc') };
    },
  ],
  [
    'pip.conf',
    ({ url }, home) => {
      mkdirSync(join(home, '.config/pip'), { recursive: true });
      writeFileSync(
        join(home, '.config/pip/pip.conf'),
        `[global]\nindex-url = ${url.replace('http://', 'http://me:s%40fe@')}\n`,
      );
      return { PIP_CONFIG_FILE: undefined };
    },
  ],
  ['no credentials', ({ url }) => ({ PIP_INDEX_URL: url }), 'E_REGISTRY_DENIED'],
];

for (const [title, env, code] of CREDENTIALS) {
  test(`an index that asks for a password, with ${title}`, async () => {
    const index = await startIndexDouble({ projects: { 'fx-a': [GOOD] }, credentials: 'me:s@fe' });
    try {
      await withContext(async (context) => {
        const fetcher = fetcherOf({ ...context, env: { ...context.env, ...env(index, context.projectDir) } });
        const item = locked(GOOD);
        const work = fetcher.chooseFile(item).then((file) => fetcher.fetch(item, file));
        if (code === undefined) assert.equal((await work).sizeBytes, GOOD.bytes.length);
        else
          await assert.rejects(
            work,
            (error: Error & { code?: string }) => error.code === code && !/s.?@?fe/.test(error.message),
          );
      });
    } finally {
      await index.close();
    }
  });
}

test('finds files in a directory by their hash', () =>
  withContext(async (context) => {
    const links = join(context.projectDir, 'links');
    mkdirSync(links);
    for (const made of [OLD, GOOD, NEWER]) writeFileSync(join(links, made.fileName), made.bytes);
    const fetcher = fetcherOf(context, {
      ...NO_INDEX_OPTIONS,
      findLinks: [join(links, 'not-there'), links],
      noIndex: true,
    });
    const item = locked(OLD, GOOD);
    const file = await fetcher.chooseFile(item);
    assert.equal(file.fileName, GOOD.fileName);
    assert.equal((await fetcher.fetch(item, file)).sizeBytes, GOOD.bytes.length);
  }));

test('takes the files of PyPI from a mirror of it, and a file in the project from there', () =>
  withIndex({}, async (index, context) => {
    const url = `https://files.pythonhosted.org/packages/aa/${GOOD.fileName}`;
    const item = {
      name: 'fx-a',
      version: '1.0',
      hashes: [],
      files: [{ fileName: GOOD.fileName, url, integrity: sri(GOOD) }],
    };
    const fetcher = fetcherOf(context);
    await fetcher.fetch(item, await fetcher.chooseFile(item));
    assert.deepEqual(index.requests, ['/simple/fx-a/', `/files/${GOOD.fileName}`]);
    writeFileSync(join(context.projectDir, OLD.fileName), OLD.bytes);
    const local = { ...item, files: [{ fileName: OLD.fileName, path: OLD.fileName, integrity: sri(OLD) }] };
    assert.equal((await fetcher.fetch(local, await fetcher.chooseFile(local))).sizeBytes, OLD.bytes.length);
  }));

test('refuses a file in the project that is not what the lock says', () =>
  withContext(async (context) => {
    writeFileSync(join(context.projectDir, OLD.fileName), 'other');
    const item = {
      name: 'fx-a',
      hashes: [],
      files: [{ fileName: OLD.fileName, path: OLD.fileName, integrity: sri(OLD) }],
    };
    const fetcher = fetcherOf(context);
    await assert.rejects(fetcher.fetch(item, await fetcher.chooseFile(item)), {
      code: 'E_INTEGRITY_MISMATCH',
    });
  }));

test('asks nobody when offline, and says so', () =>
  withIndex({}, async (index, context) => {
    const fetcher = fetcherOf({ ...context, offline: true });
    await assert.rejects(fetcher.chooseFile(locked(GOOD)), {
      code: 'E_REGISTRY_UNREACHABLE',
      message: /fx-a 1\.0 is not in the cache/,
    });
    assert.deepEqual(index.requests, []);
  }));

test('names an index that is not there', () =>
  withContext(async (context) => {
    const fetcher = fetcherOf({
      ...context,
      env: { ...context.env, PIP_INDEX_URL: 'http://user:secret@127.0.0.1:9/simple' },
    });
    await assert.rejects(fetcher.chooseFile(locked(GOOD)), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'E_REGISTRY_UNREACHABLE');
      assert.match(error.message, /cannot reach 127\.0\.0\.1:9/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }));
