// The Django fixture app, in versions: copied, changed, built and installed. Its packages come from PyPI.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildApp, makeTempDir, runJson, workspaceDirectory } from './product-harness.js';
import type { BuildReport, InstallReport, RunOptions } from './product-harness.js';
import { missingPython } from './python-app.js';

const FIXTURE = join(workspaceDirectory, 'fixtures/apps/django-shop');
const FETCH_LIMIT_MS = 60_000;

/** Why the app cannot be built here; undefined when it can. Asks the index once. */
export function missingDjango(): string | undefined {
  const python = missingPython();
  if (python !== undefined) return python;
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', '/dev/null', 'asgiref'];
  const probe = makeTempDir();
  try {
    args[args.indexOf('/dev/null')] = probe.path;
    return spawnSync('python3', args, { timeout: FETCH_LIMIT_MS }).status === 0
      ? undefined
      : 'PyPI is not reached';
  } finally {
    probe.remove();
  }
}

export class DjangoShop {
  readonly #directory = makeTempDir();
  #copies = 0;

  remove(): void {
    this.#directory.remove();
  }

  place(...parts: string[]): string {
    return join(this.#directory.path, ...parts);
  }

  options(env: RunOptions['env'] = {}): RunOptions {
    const shared = process.env['SALVER_TEST_CACHE'];
    return {
      env: { SALVER_CACHE: shared === undefined ? this.place('cache') : join(shared, 'django'), ...env },
    };
  }

  /** A copy of the app that says it is this version; `files` replace or add some, `settings` those of salver.json. */
  write(version: string, files: Readonly<Record<string, string>> = {}, settings: object = {}): string {
    this.#copies += 1;
    const directory = this.place(`app-${this.#copies}`);
    cpSync(FIXTURE, directory, { recursive: true });
    const config = JSON.parse(readFileSync(join(FIXTURE, 'salver.json'), 'utf8')) as object;
    const all: Record<string, string> = {
      'shop/version.py': `VERSION = "${version}"\n`,
      'shop/late.py': `VERSION = "${version}"\n`,
      'salver.json': JSON.stringify({ ...config, version, ...settings }),
      ...files,
    };
    for (const [path, content] of Object.entries(all)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    return directory;
  }

  build(directory: string, env: RunOptions['env'] = {}): Promise<BuildReport> {
    return buildApp(directory, this.place('out'), this.options(env));
  }

  /** Builds and installs a version that is started with this command; for tests of servers. */
  servedBy(start: string): (root: string, version: string) => Promise<string> {
    return async (root, version) => {
      const { artifact } = await this.build(this.write(version, {}, { start }));
      return (await this.install(artifact, root, '--no-activate')).release;
    };
  }

  install(artifact: string, root: string, ...words: readonly string[]): Promise<InstallReport> {
    configure(root);
    return runJson<InstallReport>('salver-host', [
      'install',
      artifact,
      '--root',
      root,
      '--durability',
      'none',
      ...words,
    ]);
  }
}

/** What configuration management puts on a host: a secret, and where the database lies. */
export function configure(root: string): void {
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/env'), `SECRET_KEY=of-this-host\nDATABASE_FILE=${root}/db.sqlite3\n`, {
    mode: 0o600,
  });
}
