import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import { PackageFetcher } from '../dist/fetch-package.js';
import type { PlannedPackage } from '../dist/install-plan.js';
import type { NpmOptions } from '../dist/npm-options.js';
import { npmOptionsDouble, plannedPackage, withContext } from './context-double.js';
import type { ContextDouble } from './context-double.js';
import { withRegistry } from './registry-double.js';
import type { Answer, RegistryDouble } from './registry-double.js';
import { packageTarball, sri } from './tarball-double.js';

const TARBALL = packageTarball({ name: 'a', version: '1.0.0' });
const PATH = '/a/-/a-1.0.0.tgz';
const A = plannedPackage({ integrity: sri(TARBALL) });

interface Setup {
  readonly answers?: Readonly<Record<string, Answer | Buffer | string>>;
  readonly offline?: boolean;
  readonly options?: (registry: RegistryDouble) => NpmOptions;
}

/** Fetches with a registry and gives the bytes, or the error. */
function withFetcher<T>(
  setup: Setup,
  work: (fetcher: PackageFetcher, context: ContextDouble, registry: RegistryDouble) => Promise<T>,
): Promise<T> {
  return withRegistry(setup.answers ?? { [PATH]: TARBALL }, (registry) =>
    withContext(
      (context) => {
        const npmOptions = setup.options?.(registry) ?? npmOptionsDouble(registry.url);
        return work(new PackageFetcher({ ...context, npmOptions }), context, registry);
      },
      { offline: setup.offline ?? false },
    ),
  );
}

async function bytesOf(fetcher: PackageFetcher, item: PlannedPackage): Promise<Buffer> {
  return readFile((await fetcher.fetch(item)).path);
}

function hasCode(code: ErrorCode, hint?: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(isSalverError(error, code), `expected ${code}, got ${String(error)}`);
    if (hint !== undefined) assert.match(error.hint ?? '', hint);
    return true;
  };
}

test('downloads a package into the cache once', () =>
  withFetcher({}, async (fetcher, _context, registry) => {
    assert.ok((await bytesOf(fetcher, A)).equals(TARBALL));
    assert.ok((await bytesOf(fetcher, A)).equals(TARBALL));
    assert.deepEqual(registry.requests, [PATH]);
    assert.equal(fetcher.downloadedBytes, TARBALL.length);
  }));

test("takes a package from npm's own cache without asking the registry", () =>
  withContext(async (context) => {
    const cacheDir = join(context.projectDir, 'npm-cache');
    const hex = createHash('sha512').update(TARBALL).digest('hex');
    const path = join(cacheDir, '_cacache/content-v2/sha512', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, TARBALL);
    const npmOptions = { ...npmOptionsDouble('http://127.0.0.1:1/'), cacheDir };
    assert.ok((await bytesOf(new PackageFetcher({ ...context, npmOptions }), A)).equals(TARBALL));
  }));

test("does not trust a damaged file in npm's cache", () =>
  withFetcher({}, async (_fetcher, context, registry) => {
    const cacheDir = join(context.projectDir, 'npm-cache');
    const hex = createHash('sha512').update(TARBALL).digest('hex');
    const path = join(cacheDir, '_cacache/content-v2/sha512', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, TARBALL.subarray(1));
    const fetcher = new PackageFetcher({
      ...context,
      npmOptions: { ...npmOptionsDouble(registry.url), cacheDir },
    });
    assert.ok((await bytesOf(fetcher, A)).equals(TARBALL));
  }));

test('moves a URL on the public host to the configured registry', () =>
  withFetcher(
    { answers: { [`/mirror${PATH}`]: TARBALL }, options: ({ url }) => npmOptionsDouble(`${url}mirror/`) },
    async (fetcher) => {
      const source = { kind: 'registry', url: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' } as const;
      assert.ok((await bytesOf(fetcher, { ...A, source })).equals(TARBALL));
    },
  ));

test('asks the registry of the scope where the lock has no URL', () =>
  withRegistry({ '/private/@s/b/-/b-2.0.0.tgz': TARBALL }, (registry) =>
    withContext(async (context) => {
      const npmOptions = npmOptionsDouble('http://127.0.0.1:1/', {
        '@s:registry': `${registry.url}private/`,
      });
      const item = plannedPackage({ name: '@s/b', version: '2.0.0', integrity: sri(TARBALL) });
      assert.ok((await bytesOf(new PackageFetcher({ ...context, npmOptions }), item)).equals(TARBALL));
    }),
  ));

test('asks for the place of a tarball that is not where registries keep it', () =>
  withRegistry({}, async (files) => {
    const packument = JSON.stringify({
      versions: { '1.0.0': { dist: { tarball: `${files.url}odd/place.tgz` } } },
    });
    await withFetcher(
      { answers: { '/a': packument, '/odd/place.tgz': TARBALL } },
      async (fetcher, _context, registry) => {
        // The packument names another port, which does not have it: the error names that host.
        await assert.rejects(
          fetcher.fetch(A),
          (error) => isSalverError(error, 'E_PACKAGE_NOT_FOUND') && error.facts['host'] === files.host,
        );
        assert.deepEqual(registry.requests, [PATH, '/a']);
      },
    );
  }));

test('sends the token to its own registry only, and names the key to set when it is refused', () => {
  const guarded: Answer = (request, response) => {
    const allowed = request.headers.authorization === 'Bearer right';
    response.writeHead(allowed ? 200 : 401).end(allowed ? TARBALL : 'no');
  };
  const withToken = (token: string) => ({
    answers: { [PATH]: guarded },
    options: ({ url, host }: RegistryDouble) => npmOptionsDouble(url, { [`//${host}/:_authToken`]: token }),
  });
  return withFetcher(withToken('right'), async (fetcher) => {
    assert.ok((await bytesOf(fetcher, A)).equals(TARBALL));
    await withFetcher(withToken('wrong-secret'), async (refused, _context, registry) => {
      await assert.rejects(refused.fetch(A), (error) => {
        assert.ok(isSalverError(error, 'E_REGISTRY_DENIED'));
        assert.ok(error.hint?.includes(`//${registry.host}/:_authToken`));
        assert.ok(!`${error.message}${error.hint}${JSON.stringify(error.facts)}`.includes('wrong-secret'));
        return true;
      });
    });
  });
});

test('names the variable that .npmrc uses but the environment lacks', () =>
  withFetcher(
    {
      answers: { [PATH]: (_request, response) => void response.writeHead(403).end() },
      options: ({ url }) => ({ ...npmOptionsDouble(url), undefinedVariables: ['NPM_TOKEN'] }),
    },
    async (fetcher) => assert.rejects(fetcher.fetch(A), hasCode('E_REGISTRY_DENIED', /NPM_TOKEN/)),
  ));

test('says that a package is not there', () =>
  withFetcher({ answers: {} }, async (fetcher) => {
    const source = { kind: 'registry', url: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' } as const;
    await assert.rejects(fetcher.fetch({ ...A, source }), hasCode('E_PACKAGE_NOT_FOUND'));
  }));

test('tries again after a server error', () =>
  withFetcher(
    {
      answers: {
        [PATH]: (_request, response, attempt) =>
          void (attempt === 1 ? response.writeHead(500).end() : response.end(TARBALL)),
      },
    },
    async (fetcher) => assert.ok((await bytesOf(fetcher, A)).equals(TARBALL)),
  ));

test('gives up when the server keeps failing', () =>
  withFetcher(
    { answers: { [PATH]: (_request, response) => void response.writeHead(500).end() } },
    async (fetcher) => assert.rejects(fetcher.fetch(A), hasCode('E_DOWNLOAD_FAILED')),
  ));

test('tries again after a connection that broke in the middle', () =>
  withFetcher(
    {
      answers: {
        [PATH]: (_request, response, attempt) => {
          response.writeHead(200, { 'content-length': TARBALL.length });
          if (attempt > 1) response.end(TARBALL);
          else response.write(TARBALL.subarray(0, 20), () => response.destroy());
        },
      },
    },
    async (fetcher) => assert.ok((await bytesOf(fetcher, A)).equals(TARBALL)),
  ));

test('tries a damaged body again, then refuses it and keeps nothing', () => {
  const damaged = Buffer.from(TARBALL);
  damaged[30] = (damaged[30] ?? 0) ^ 1;
  return withFetcher({ answers: { [PATH]: damaged } }, async (fetcher, context, registry) => {
    await assert.rejects(fetcher.fetch(A), hasCode('E_INTEGRITY_MISMATCH'));
    assert.equal(registry.requests.length, 3);
    assert.equal(context.cache.findDownload(sri(damaged)), undefined);
  });
});

test('gives up on a body that stops arriving', () =>
  withFetcher(
    {
      answers: {
        [PATH]: (_request, response) => void response.writeHead(200).write(TARBALL.subarray(0, 10)),
      },
      options: ({ url }) =>
        npmOptionsDouble(url, {
          timeout: 50,
          retry: { retries: 0, factor: 1, minTimeout: 1, maxTimeout: 1 },
        }),
    },
    async (fetcher) => assert.rejects(fetcher.fetch(A), hasCode('E_REGISTRY_UNREACHABLE')),
  ));

test('says that nobody answers', () =>
  withContext(async (context) => {
    const fetcher = new PackageFetcher({ ...context, npmOptions: npmOptionsDouble('http://127.0.0.1:1/') });
    await assert.rejects(
      fetcher.fetch(A),
      (error) => isSalverError(error, 'E_REGISTRY_UNREACHABLE') && error.facts['errno'] === 'ECONNREFUSED',
    );
  }));

test('asks nobody when offline', () =>
  withFetcher({ offline: true }, async (fetcher, _context, registry) => {
    await assert.rejects(fetcher.fetch(A), hasCode('E_REGISTRY_UNREACHABLE'));
    assert.deepEqual(registry.requests, []);
  }));

test('stops a download when interrupted', async () => {
  const abort = new AbortController();
  await withRegistry(
    { [PATH]: (_request, response) => void response.writeHead(200).write('x', () => abort.abort()) },
    (registry) =>
      withContext(
        async (context) => {
          const fetcher = new PackageFetcher({ ...context, npmOptions: npmOptionsDouble(registry.url) });
          await assert.rejects(fetcher.fetch(A), hasCode('E_INTERRUPTED'));
        },
        { signal: abort.signal },
      ),
  );
});

test('accepts a package with only a sha1', () =>
  withFetcher({}, async (fetcher) => {
    assert.ok((await bytesOf(fetcher, { ...A, integrity: sri(TARBALL, 'sha1') })).equals(TARBALL));
  }));

test('remembers what it saw for a package without integrity', () => {
  const bare = plannedPackage();
  return withFetcher({}, async (fetcher, context, registry) => {
    assert.equal(fetcher.knownIntegrity(bare), undefined);
    await fetcher.fetch(bare);
    assert.equal(fetcher.knownIntegrity(bare), sri(TARBALL));
    assert.deepEqual(fetcher.withoutIntegrity, ['a@1.0.0']);
    const again = new PackageFetcher({ ...context, npmOptions: npmOptionsDouble(registry.url) });
    assert.ok((await bytesOf(again, bare)).equals(TARBALL));
    assert.equal(registry.requests.length, 1);
  });
});

test('reads a tarball that lies in the project, and refuses a changed one', () =>
  withFetcher({}, async (fetcher, context) => {
    const item = { ...A, source: { kind: 'file', path: 'vendor/a.tgz' } } as const;
    await assert.rejects(fetcher.fetch(item), hasCode('E_FILE_SYSTEM'));
    await mkdir(join(context.projectDir, 'vendor'));
    await writeFile(join(context.projectDir, 'vendor/a.tgz'), TARBALL.subarray(2));
    await assert.rejects(fetcher.fetch(item), hasCode('E_INTEGRITY_MISMATCH'));
    await writeFile(join(context.projectDir, 'vendor/a.tgz'), TARBALL);
    assert.ok((await bytesOf(fetcher, item)).equals(TARBALL));
  }));
