// Keys of the lock's `packages` become paths in a release, so they are checked before anything else
// sees them: a location may only go down from the project, and names packages as npm would.
import { SalverError, limits, printable } from '@salver/core';

const NODE_MODULES = 'node_modules';
/** What npm allows as one part of a package name on disk; `.bin` and the like are not packages. */
const NAME_PART = /^[^.@/\\:*?"<>|\s][^/\\:*?"<>|\s]*$/;

/**
 * Throws E_LOCK_INVALID when `location` is not a plain path below the project: `../x`, `/x`, `a//b`,
 * `node_modules/../x`, backslashes, control characters, `__proto__`, a missing package name.
 */
export function checkLocation(location: string): void {
  const reason = locationProblem(location);
  if (reason === undefined) return;
  const outside = location.startsWith('../') || location === '..';
  throw new SalverError('E_LOCK_INVALID', `unsafe location in the lock: "${printable(location)}" ${reason}`, {
    hint: outside
      ? 'a directory outside the project cannot be shipped: move it into the project, or depend on a published version'
      : 'restore the lock from version control, or write it anew with `npm install`',
    facts: { location: printable(location) },
  });
}

/**
 * Turns a path written in the lock or a package.json (`file:` removed) into a location of the
 * project. Returns undefined when it leaves the project or is absolute.
 */
export function resolveInProject(from: string, path: string): string | undefined {
  if (path.startsWith('/') || path.startsWith('~') || /^[a-zA-Z]:/.test(path)) return undefined;
  const parts = from === '' ? [] : from.split('/');
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** The package name a location ends with: `name` or `@scope/name`. */
export function nameOfLocation(location: string): string {
  const slash = location.lastIndexOf('/');
  if (slash < 0) return location;
  const before = location.lastIndexOf('/', slash - 1);
  return location.slice(location[before + 1] === '@' ? before + 1 : slash + 1);
}

/** Where the `node_modules` directory that holds this location lies, or undefined outside one. */
export function ownerOfLocation(location: string): string | undefined {
  const end = location.length - nameOfLocation(location).length;
  const before = location.slice(0, end);
  if (before === `${NODE_MODULES}/`) return '';
  if (!before.endsWith(`/${NODE_MODULES}/`)) return undefined;
  return before.slice(0, -`/${NODE_MODULES}/`.length);
}

function locationProblem(location: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- finding control characters is the point
  if (/[\u0000-\u001f\u007f\\]/.test(location)) return 'has a control character or backslash';
  if (location.startsWith('/') || /^[a-zA-Z]:/.test(location)) return 'is absolute';
  if (Buffer.byteLength(location) > limits.PATH_BYTES_MAX) return 'is too long';
  const parts = location.split('/');
  if (parts.length > limits.PATH_DEPTH_MAX) return 'is too deep';
  for (const part of parts) {
    if (part === '..') return 'leaves the project';
    if (part === '' || part === '.') return 'is not in normal form';
    if (part === '__proto__') return 'names an object prototype';
  }
  return nameProblem(parts);
}

/** Behind every `node_modules` there must be a package name, with both halves when it is scoped. */
function nameProblem(parts: readonly string[]): string | undefined {
  for (let index = 0; index < parts.length; index++) {
    if (parts[index] !== NODE_MODULES) continue;
    const name = parts[index + 1] ?? '';
    const bare = name.startsWith('@') ? parts[index + 2] : name;
    const scope = name.startsWith('@') ? name.slice(1) : 'none';
    if (bare === undefined || !NAME_PART.test(bare) || !NAME_PART.test(scope) || bare === NODE_MODULES) {
      return 'has no package name behind node_modules';
    }
  }
  return undefined;
}
