// The rules for names inside an artifact (docs/format.md section 3), for writers and readers alike.
import { LINK_TARGET_BYTES_MAX, PATH_BYTES_MAX, PATH_COMPONENT_BYTES_MAX, PATH_DEPTH_MAX } from './limits.js';

// Control characters, the backslash (a separator elsewhere) and bidi controls (they disguise names).
// eslint-disable-next-line no-control-regex -- refusing control characters is the point
const FORBIDDEN_CHARACTERS =
  /[\u0000-\u001f\u007f-\u009f\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/;
const PLAIN_ASCII = /^[\x20-\x7e]*$/;

/** Why `path` may not be an entry's path, or undefined when it may. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (FORBIDDEN_CHARACTERS.test(path)) return 'it holds a forbidden or undecodable character';
  if (byteLength(path) > PATH_BYTES_MAX) return `it is longer than ${PATH_BYTES_MAX} bytes`;
  const components = path.split('/');
  if (components.length > PATH_DEPTH_MAX) return `it is deeper than ${PATH_DEPTH_MAX} directories`;
  for (const component of components) {
    if (component === '') return path.startsWith('/') ? 'it is absolute' : 'it has an empty component';
    if (component === '.' || component === '..') return `it has a component "${component}"`;
    if (byteLength(component) > PATH_COMPONENT_BYTES_MAX) {
      return `it has a component longer than ${PATH_COMPONENT_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}

/** Why `target` may not be a link's target, or undefined when its form is right. */
export function linkTargetProblem(target: string): string | undefined {
  if (target === '') return 'it is empty';
  if (FORBIDDEN_CHARACTERS.test(target)) return 'it holds a forbidden or undecodable character';
  if (byteLength(target) > LINK_TARGET_BYTES_MAX) return `it is longer than ${LINK_TARGET_BYTES_MAX} bytes`;
  if (target.startsWith('/')) return 'it is absolute';
  return undefined;
}

/** Byte order of paths, the order of entries in a unit. Equal to comparing their UTF-8 bytes. */
export function comparePaths(a: string, b: string): number {
  if (PLAIN_ASCII.test(a) && PLAIN_ASCII.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** True when `path` is `directory` or lies below it. The empty directory is the top. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
