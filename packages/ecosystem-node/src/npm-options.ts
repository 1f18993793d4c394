// What planning and fetching need to know from npm's configuration. `omit`, `include`, `production`
// and NODE_ENV are ignored on purpose: what ships is always `--omit=dev`, wherever it is built.
import { readFile } from 'node:fs/promises';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';
import { loadNpmConfig, resolveHome } from './npm-config.js';
import type { Env, NpmConfig } from './npm-config.js';

/** Options in the form that npm-registry-fetch takes. Holds credentials: never print it. */
export type FetchOptions = {
  readonly registry: string;
  readonly proxy?: string | false;
  readonly httpsProxy?: string | false;
  readonly noProxy?: string;
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly strictSSL: boolean;
  readonly localAddress?: string;
  readonly maxSockets: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly retry: {
    readonly retries: number;
    readonly factor: number;
    readonly minTimeout: number;
    readonly maxTimeout: number;
  };
  readonly userAgent: string;
  /** `@scope:registry` and credentials by registry (`//host/path/:_authToken`). */
  readonly [key: `@${string}` | `//${string}`]: string;
};

export interface NpmOptions {
  readonly legacyPeerDeps: boolean;
  readonly force: boolean;
  readonly engineStrict: boolean;
  readonly installStrategy: string;
  readonly binLinks: boolean;
  readonly ignoreScripts: boolean;
  /** npm's `allow-scripts`: package specs. package.json's `allowScripts` comes first. */
  readonly allowScripts: readonly string[];
  readonly strictAllowScripts: boolean;
  readonly allowAllScripts: boolean;
  /** `npmjs`, `never`, `always`, a host name or a URL. */
  readonly replaceRegistryHost: string;
  /** npm's own cache directory, absolute: a place to look before the network. */
  readonly cacheDir: string;
  /** Where node-gyp finds Node's headers, when configured. */
  readonly nodedir?: string;
  readonly scriptShell?: string;
  /** Variables that .npmrc files use but the environment lacks: the likely cause of a 401. */
  readonly undefinedVariables: readonly string[];
  readonly fetch: FetchOptions;
}

const DEFAULT_REGISTRY = 'https://registry.npmjs.org/';
const MAX_SOCKETS_DEFAULT = 15;
const TIMEOUT_MS_DEFAULT = 5 * 60_000;
const RETRIES_DEFAULT = 2;
const RETRY_FACTOR_DEFAULT = 10;
const RETRY_MS_MIN_DEFAULT = 10_000;
const RETRY_MS_MAX_DEFAULT = 60_000;

/**
 * Reads npm's configuration for this project: `npm_config_*`, project, user, global, npm's own.
 * Throws E_CONFIG_INVALID (no usable registry URL) and E_FILE_SYSTEM.
 */
export async function loadNpmOptions(
  projectDir: string,
  env: Env,
  execPath: string = process.execPath,
): Promise<NpmOptions> {
  const config = loadNpmConfig(projectDir, env, execPath);
  const read = createReader(config);
  const nodedir = read.text('nodedir');
  const scriptShell = read.text('script-shell');
  return {
    legacyPeerDeps: read.flag('legacy-peer-deps', false),
    force: read.flag('force', false),
    engineStrict: read.flag('engine-strict', false),
    installStrategy: read.text('install-strategy') ?? 'hoisted',
    binLinks: read.flag('bin-links', true),
    ignoreScripts: read.flag('ignore-scripts', false),
    allowScripts: read.list('allow-scripts').flatMap(splitCommas),
    strictAllowScripts: read.flag('strict-allow-scripts', false),
    allowAllScripts: read.flag('dangerously-allow-all-scripts', false),
    replaceRegistryHost: replacedHost(read.text('replace-registry-host')),
    cacheDir: resolveHome(read.text('cache') ?? '~/.npm', config.home),
    ...(nodedir === undefined ? {} : { nodedir: resolveHome(nodedir, config.home) }),
    ...(scriptShell === undefined ? {} : { scriptShell }),
    undefinedVariables: config.undefinedVariables,
    fetch: await readFetchOptions(config, read),
  };
}

interface Reader {
  text(key: string): string | undefined;
  flag(key: string, fallback: boolean): boolean;
  number(key: string, fallback: number): number;
  list(key: string): readonly string[];
}

function createReader({ settings }: NpmConfig): Reader {
  const list = (key: string): readonly string[] => {
    const value = settings.get(key);
    if (value === undefined) return [];
    return typeof value === 'string' ? value.split('\n\n') : value;
  };
  // In npm the last of several values of a single setting counts.
  const text = (key: string): string | undefined => {
    const value = settings.get(key);
    const last = typeof value === 'string' ? value : value?.at(-1);
    return last === '' || last === 'null' || last === 'undefined' ? undefined : last;
  };
  return {
    text,
    list,
    flag(key, fallback) {
      const value = settings.get(key);
      const last = typeof value === 'string' ? value : value?.at(-1);
      if (last === undefined || last === 'undefined') return fallback;
      if (last === '' || last === 'true') return true;
      if (last === 'false' || last === 'null') return false;
      return Number.isNaN(Number(last)) ? true : Number(last) !== 0;
    },
    number(key, fallback) {
      const value = text(key);
      const parsed = value === undefined ? Number.NaN : Number(value);
      return Number.isFinite(parsed) && parsed >= 0 ? parsed : fallback;
    },
  };
}

async function readFetchOptions(config: NpmConfig, read: Reader): Promise<FetchOptions> {
  const proxy = proxySetting(read.text('proxy'));
  const httpsProxy = proxySetting(read.text('https-proxy'));
  const noProxy = read.list('noproxy').join(',');
  const ca = await readAuthorities(config, read);
  const optional = {
    cert: read.text('cert'),
    key: read.text('key'),
    localAddress: read.text('local-address'),
  };
  const scoped: Record<`@${string}` | `//${string}`, string> = {};
  for (const [key, value] of config.settings) {
    if (isScoped(key)) scoped[key] = typeof value === 'string' ? value : (value.at(-1) ?? '');
  }
  return {
    ...scoped,
    registry: readRegistry(read.text('registry')),
    ...(proxy === undefined ? {} : { proxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === '' ? {} : { noProxy }),
    ...(ca === undefined ? {} : { ca }),
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<
      Record<keyof typeof optional, string>
    >),
    strictSSL: read.flag('strict-ssl', true),
    maxSockets: read.number('maxsockets', MAX_SOCKETS_DEFAULT),
    timeout: read.number('fetch-timeout', TIMEOUT_MS_DEFAULT),
    retry: {
      retries: read.number('fetch-retries', RETRIES_DEFAULT),
      factor: read.number('fetch-retry-factor', RETRY_FACTOR_DEFAULT),
      minTimeout: read.number('fetch-retry-mintimeout', RETRY_MS_MIN_DEFAULT),
      maxTimeout: read.number('fetch-retry-maxtimeout', RETRY_MS_MAX_DEFAULT),
    },
    userAgent: `salver node/${process.version} ${process.platform} ${process.arch}`,
  };
}

function isScoped(key: string): key is `@${string}` | `//${string}` {
  return key.startsWith('//') || /^@.*:registry$/i.test(key);
}

function readRegistry(value: string | undefined): string {
  if (value === undefined) return DEFAULT_REGISTRY;
  if (URL.canParse(value) && /^https?:/i.test(value)) return `${value.replace(/\/+$/, '')}/`;
  throw new SalverError('E_CONFIG_INVALID', 'npm setting "registry" is not an http(s) URL', {
    hint: 'correct registry= in .npmrc, or npm_config_registry',
    facts: { key: 'registry' },
  });
}

function proxySetting(value: string | undefined): string | false | undefined {
  return value === 'false' ? false : value;
}

function replacedHost(value: string | undefined): string {
  return value === undefined || value === 'npmjs' ? 'registry.npmjs.org' : value;
}

async function readAuthorities(
  config: NpmConfig,
  read: Reader,
): Promise<string | readonly string[] | undefined> {
  const file = read.text('cafile');
  if (file !== undefined) {
    const authorities = await readAuthorityFile(resolveHome(file, config.home));
    if (authorities !== undefined) return authorities;
  }
  const list = read.list('ca').filter((value) => value !== '' && value !== 'null');
  return list.length === 0 ? undefined : list.length === 1 ? list[0] : list;
}

/** npm goes on without a cafile that does not exist. */
async function readAuthorityFile(path: string): Promise<readonly string[] | undefined> {
  const end = '-----END CERTIFICATE-----';
  try {
    const text = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
    const parts = text.split(end).filter((part) => part.trim() !== '');
    return parts.map((part) => part.trimStart() + end);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read cafile ${printable(path)}`);
  }
}

function splitCommas(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
