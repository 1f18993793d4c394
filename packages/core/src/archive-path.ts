// The rules for names inside an artifact (docs/format.md section 3), for writers and readers alike.
import { LINK_TARGET_BYTES_MAX, PATH_BYTES_MAX, PATH_COMPONENT_BYTES_MAX, PATH_DEPTH_MAX } from './limits.js';

// Control characters, the backslash (a separator elsewhere) and bidi controls (they disguise names).
// eslint-disable-next-line no-control-regex -- refusing control characters is the point
const FORBIDDEN_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/;
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

const LINK_STEPS_MAX = 40;

/**
 * Follows the link at `path` through all links of the archive, step by step, as a kernel would.
 * Returns why it is refused, or undefined: it stays inside the top of the tree. Missing targets are fine.
 */
export function linkEscapeProblem(path: string, links: ReadonlyMap<string, string>): string | undefined {
  const pending = path.split('/').reverse();
  const place: string[] = [];
  let steps = 0;
  for (let component = pending.pop(); component !== undefined; component = pending.pop()) {
    if (component === '' || component === '.') continue;
    if (component === '..') {
      if (place.pop() === undefined) return 'it leaves the top of the release';
      continue;
    }
    place.push(component);
    const target = links.get(place.join('/'));
    if (target === undefined) continue;
    steps += 1;
    if (steps > LINK_STEPS_MAX) return 'it never ends';
    place.pop();
    pending.push(...target.split('/').reverse());
  }
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
