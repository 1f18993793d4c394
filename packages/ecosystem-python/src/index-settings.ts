// Where pip would look for packages on this machine: its environment variables and configuration files. Read only when
// something has to be fetched.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexOptions } from './python-lock.js';

export interface IndexSettings {
  /** Indexes in the order in which they are asked. URLs may hold credentials: never print them. */
  readonly indexUrls: readonly string[];
  /** Directories and pages with files. */
  readonly findLinks: readonly string[];
  /** File with the certificate authorities to trust; undefined: Node's. */
  readonly caFile: string | undefined;
  readonly proxy: string | undefined;
  /** By host: credentials of ~/.netrc. */
  readonly netrc: ReadonlyMap<string, Credentials>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export const PYPI_URL = 'https://pypi.org/simple';

type Env = Readonly<Record<string, string | undefined>>;

/** `options` come from the lock; a requirements file's own options win over those of the machine, as for pip. */
export function loadIndexSettings(options: IndexOptions, env: Env): IndexSettings {
  const config = readConfig(env);
  const words = (key: string): readonly string[] =>
    (config.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
  const isOff = options.noIndex || /^(1|true|yes|on)$/i.test(config.get('no-index') ?? '');
  const indexUrl = options.indexUrl ?? config.get('index-url') ?? PYPI_URL;
  const extra = [...words('extra-index-url'), ...options.extraIndexUrls];
  return {
    indexUrls: isOff ? [] : [indexUrl, ...extra].map((url) => url.replace(/\/+$/, '')),
    findLinks: [...words('find-links'), ...options.findLinks],
    caFile: config.get('cert'),
    proxy: config.get('proxy'),
    netrc: readNetrc(env),
  };
}

/** pip's settings by key; the environment wins over the files, later files over earlier ones. */
function readConfig(env: Env): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const file of configFiles(env)) {
    for (const [key, value] of readIni(file)) settings.set(key, value);
  }
  for (const [name, value] of Object.entries(env)) {
    const key = /^PIP_([A-Z_]+)$/.exec(name)?.[1];
    if (key !== undefined && value !== undefined && value !== '')
      settings.set(key.toLowerCase().replaceAll('_', '-'), value);
  }
  return settings;
}

function configFiles(env: Env): readonly string[] {
  if (env['PIP_CONFIG_FILE'] === '/dev/null') return [];
  const home = env['HOME'] ?? '';
  const own = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const files = [
    '/etc/pip.conf',
    '/etc/xdg/pip/pip.conf',
    join(home, '.pip/pip.conf'),
    join(own, 'pip/pip.conf'),
  ];
  return [...files, env['PIP_CONFIG_FILE'] ?? ''].filter((file) => file !== '' && existsSync(file));
}

/** Keys of the sections that count for fetching; several lines of a value are joined by spaces. */
function readIni(file: string): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  let counts = false;
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue;
    const section = /^\[([^\]]+)\]/.exec(line)?.[1];
    const last = found.at(-1);
    if (section !== undefined) counts = ['global', 'install', 'download'].includes(section.trim());
    else if (/^\s/.test(line) && counts && last !== undefined) last[1] = `${last[1]} ${line.trim()}`.trim();
    else if (counts) {
      const [, key = '', value = ''] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
      found.push([key.trim().toLowerCase().replaceAll('_', '-'), value.trim()]);
    }
  }
  return found;
}

function readNetrc(env: Env): ReadonlyMap<string, Credentials> {
  const file = env['NETRC'] ?? join(env['HOME'] ?? '', '.netrc');
  const found = new Map<string, Credentials>();
  if (!existsSync(file)) return found;
  const machine = /\bmachine\s+(\S+)((?:\s+(?:login|password|account)\s+\S+)+)/g;
  for (const [, host = '', rest = ''] of readFileSync(file, 'utf8').matchAll(machine)) {
    const part = (name: string): string => new RegExp(`\\b${name}\\s+(\\S+)`).exec(rest)?.[1] ?? '';
    found.set(host, { user: part('login'), password: part('password') });
  }
  return found;
}
