// The files an index has of a project: the simple API as JSON (PEP 691) or HTML (PEP 503), and directories of files.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { errnoOf, fileSystemError, isSalverError, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import { readText, requestIndex } from './index-request.js';
import type { IndexSettings } from './index-settings.js';
import { sriOfHash } from './python-lock.js';
import { parseWheelName } from './wheel-name.js';

export interface IndexFile {
  readonly fileName: string;
  /** `https:` or `file:`. */
  readonly url: string;
  /** SRI strings the index states; none for files in a directory. */
  readonly hashes: readonly string[];
  readonly requiresPython: string | undefined;
}

const PAGE_BYTES_MAX = 128 * 1024 * 1024;
const ACCEPT =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';

/** All files of a project, of every index that knows it. Throws as requestIndex does, save that a project may be unknown. */
export async function listProjectFiles(
  name: string,
  settings: IndexSettings,
  signal: AbortSignal,
): Promise<readonly IndexFile[]> {
  const found: IndexFile[] = [];
  for (const place of settings.findLinks) found.push(...(await listLinks(place, name, settings, signal)));
  for (const index of settings.indexUrls) {
    try {
      found.push(...(await readPage(`${index}/${name}/`, name, settings, signal)));
    } catch (error) {
      if (!isSalverError(error, 'E_PACKAGE_NOT_FOUND')) throw error;
    }
  }
  return found;
}

/** `--find-links`: a directory of files, or a page with links to them. */
async function listLinks(
  place: string,
  name: string,
  settings: IndexSettings,
  signal: AbortSignal,
): Promise<readonly IndexFile[]> {
  if (/^https?:/.test(place)) {
    const all = await readPage(place, name, settings, signal);
    return all.filter(({ fileName }) => isOfProject(fileName, name));
  }
  const directory = place.startsWith('file:') ? fileURLToPath(place) : resolve(place);
  try {
    return readdirSync(directory)
      .filter((fileName) => isOfProject(fileName, name))
      .map((fileName) => ({
        fileName,
        url: pathToFileURL(join(directory, fileName)).href,
        hashes: [],
        requiresPython: undefined,
      }));
  } catch (error) {
    // A setting of the machine may name a directory that is not there: pip passes it over as well.
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileSystemError(error, `cannot read ${printable(directory)}, which find-links names`);
  }
}

function isOfProject(fileName: string, name: string): boolean {
  const wheel = parseWheelName(fileName);
  if (wheel !== undefined) return wheel.name === name;
  const sdist = /^(.+)-[^-]+\.(?:tar\.gz|tgz|zip)$/.exec(fileName)?.[1];
  return sdist !== undefined && canonicalName(sdist) === name;
}

async function readPage(
  url: string,
  name: string,
  settings: IndexSettings,
  signal: AbortSignal,
): Promise<readonly IndexFile[]> {
  const response = await requestIndex(
    { url, description: printable(name), accept: ACCEPT },
    settings,
    signal,
  );
  const text = await readText(response.body, PAGE_BYTES_MAX);
  return /\+json|application\/json/.test(response.contentType) ? readJson(text, url) : readHtml(text, url);
}

interface JsonFile {
  readonly filename?: unknown;
  readonly url?: unknown;
  readonly hashes?: Readonly<Record<string, unknown>>;
  readonly 'requires-python'?: unknown;
}

function readJson(text: string, base: string): readonly IndexFile[] {
  let files: readonly JsonFile[];
  try {
    ({ files = [] } = JSON.parse(text) as { files?: readonly JsonFile[] });
  } catch {
    return [];
  }
  return files.flatMap(({ filename, url, hashes = {}, 'requires-python': requiresPython }) => {
    if (typeof filename !== 'string' || typeof url !== 'string' || !URL.canParse(url, base)) return [];
    return [
      {
        fileName: filename,
        url: new URL(url, base).href,
        hashes: Object.entries(hashes).flatMap(([algorithm, hex]) => sriOfHash(algorithm, String(hex)) ?? []),
        requiresPython: typeof requiresPython === 'string' ? requiresPython : undefined,
      },
    ];
  });
}

function readHtml(text: string, base: string): readonly IndexFile[] {
  return [...text.matchAll(/<a\b([^>]*)>([^<]*)<\/a>/gi)].flatMap(([, attributes = '', label = '']) => {
    const href = attribute(attributes, 'href');
    if (href === undefined || !URL.canParse(href, base)) return [];
    const url = new URL(href, base);
    const [, algorithm = '', hex = ''] = /^#([a-z0-9]+)=([0-9a-f]+)/i.exec(url.hash) ?? [];
    url.hash = '';
    const sri = sriOfHash(algorithm, hex);
    return [
      {
        fileName: decodeEntities(label.trim()) || decodeURIComponent(url.pathname.split('/').at(-1) ?? ''),
        url: url.href,
        hashes: sri === undefined ? [] : [sri],
        requiresPython: attribute(attributes, 'data-requires-python'),
      },
    ];
  });
}

function attribute(attributes: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(attributes);
  const value = match?.[1] ?? match?.[2];
  return value === undefined ? undefined : decodeEntities(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};

function decodeEntities(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|#39|#x27);/gi,
    (_, name: string) => ENTITIES[name.toLowerCase()] ?? '',
  );
}
