// Static files of an app: where they are served, and what their names promise (docs/format.md section 5).
import { pathProblem } from './archive-path.js';

/** How long hosts keep files of releases that are gone: `12h`, `30d`. */
export const KEEP_PATTERN = /^[0-9]{1,4}[hd]$/;

const URL_PATTERN = /^\/([A-Za-z0-9@+._~-]+\/)*$/;
const HOUR_MS = 3_600_000;

/** Why `url` cannot be where assets are served, or undefined when it can. */
export function urlProblem(url: string): string | undefined {
  if (!URL_PATTERN.test(url))
    return 'it must begin and end with "/" and hold only letters, digits and "@+._~-"';
  return url === '/' ? undefined : pathProblem(url.slice(1, -1));
}

/** Where a file of an asset unit is served, without the `/` in front: its key in a store, its place on a host. */
export function assetPath(unit: { readonly path: string; readonly url: string }, file: string): string {
  return `${unit.url.slice(1)}${file.slice(unit.path.length + 1)}`;
}

/** The duration in milliseconds. The form was checked with the manifest. */
export function keepMs(keep: string): number {
  return Number.parseInt(keep, 10) * (keep.endsWith('d') ? 24 : 1) * HOUR_MS;
}

/** Compressed forms of a file lie beside it, under its name and one of these. */
export const ENCODING_BY_SUFFIX = { '.gz': 'gzip', '.br': 'br' } as const;

export type AssetEncoding = (typeof ENCODING_BY_SUFFIX)[keyof typeof ENCODING_BY_SUFFIX];

/** What `path` is the compressed form of, when it is the sibling of a file in `paths`. */
export function plainFormOf(
  path: string,
  paths: ReadonlySet<string>,
): { readonly path: string; readonly encoding: AssetEncoding } | undefined {
  for (const [suffix, encoding] of Object.entries(ENCODING_BY_SUFFIX)) {
    const plain = path.slice(0, -suffix.length);
    if (path.endsWith(suffix) && paths.has(plain)) return { path: plain, encoding };
  }
  return undefined;
}

/** Lower-case hex, as of webpack, Django, Rails, Parcel: with digits and letters, so that neither words nor dates count. */
const HEX = /(?:^|[._-])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}(?=[._-]|$)/;
/** What esbuild and Angular put in: eight characters of base32. */
const BASE32 = /.[.-](?=[A-Z]*[2-7])(?=[2-7]*[A-Z])[A-Z2-7]{8}(?:\.[A-Za-z0-9]{1,12}){1,3}$/;
/** What Vite and Rollup put in: eight characters of base64url. */
const BASE64 = /.[.-]([A-Za-z0-9_-]{8})(?:\.[A-Za-z0-9]{1,12}){1,3}$/;
/** Changes between capitals, small letters, digits and signs: a CamelCase word of this length has three at most. */
const CHANGES_MIN = 4;

/**
 * True when a file's name holds what looks like a hash of its content: then other content has another name, and whoever
 * has the file need not ask again. In doubt false, because a wrong true is kept by browsers for a year.
 */
export function hasContentHash(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (HEX.test(name) || BASE32.test(name)) return true;
  const token = BASE64.exec(name)?.[1];
  return token !== undefined && changes(token) >= CHANGES_MIN;
}

function changes(token: string): number {
  return (token.match(/[A-Z]+|[a-z]+|[0-9]+|[_-]+/g)?.length ?? 1) - 1;
}
