// Version specifiers (`>=3.9,<4`, `==1.4.*`): what `requires-python` and the version comparisons of markers are made of.
// Pre-releases count as versions like others here: a lock has chosen already, and an interpreter is what it is.
import { comparePublic, compareReleases, compareVersions, isPrerelease, parseVersion } from './version.js';
import type { Version } from './version.js';

/** One clause. */
export interface Specifier {
  readonly operator: '~=' | '==' | '!=' | '<=' | '>=' | '<' | '>' | '===';
  /** As written, without a wildcard's `.*`. */
  readonly text: string;
  /** Undefined only for `===`, which compares text. */
  readonly version: Version | undefined;
  readonly wildcard: boolean;
}

const CLAUSE = /^\s*(===|==|~=|!=|<=|>=|<|>)\s*(\S+)\s*$/;

/** Reads one clause; undefined when it is none the specification allows. */
export function parseSpecifier(text: string): Specifier | undefined {
  const [, operator, rest = ''] = CLAUSE.exec(text) ?? [];
  if (operator === undefined) return undefined;
  if (operator === '===') return { operator, text: rest, version: undefined, wildcard: false };
  const wildcard = rest.endsWith('.*');
  const version = parseVersion(wildcard ? rest.slice(0, -2) : rest);
  if (version === undefined || !isAllowed(operator, version, wildcard)) return undefined;
  return { operator: operator as Specifier['operator'], text: rest, version, wildcard };
}

function isAllowed(operator: string, version: Version, wildcard: boolean): boolean {
  const isEquality = operator === '==' || operator === '!=';
  if (wildcard) return isEquality && version.dev === undefined && version.local.length === 0;
  if (operator === '~=' && version.release.length < 2) return false;
  return isEquality || version.local.length === 0;
}

/** Reads a comma-separated set; undefined when a clause is none. */
export function parseSpecifiers(text: string): readonly Specifier[] | undefined {
  const clauses = text
    .split(',')
    .filter((clause) => clause.trim() !== '')
    .map(parseSpecifier);
  return clauses.includes(undefined) ? undefined : (clauses as readonly Specifier[]);
}

/** True when every clause holds. A version that is none fits only `===`. */
export function satisfies(version: string, specifiers: readonly Specifier[]): boolean {
  const parsed = parseVersion(version);
  return specifiers.every((specifier) =>
    specifier.version === undefined
      ? specifier.text.toLowerCase() === version.trim().toLowerCase()
      : parsed !== undefined && holds(parsed, specifier, specifier.version),
  );
}

function holds(version: Version, { operator, wildcard }: Specifier, wanted: Version): boolean {
  switch (operator) {
    case '==':
      return wildcard ? hasPrefix(version, wanted) : isEqual(version, wanted);
    case '!=':
      return wildcard ? !hasPrefix(version, wanted) : !isEqual(version, wanted);
    case '<=':
      return comparePublic(version, wanted) <= 0;
    case '>=':
      return comparePublic(version, wanted) >= 0;
    case '<':
      return isBefore(version, wanted);
    case '>':
      return isAfter(version, wanted);
    case '~=':
      return comparePublic(version, wanted) >= 0 && hasPrefix(version, seriesOf(wanted));
    case '===':
      return false;
  }
}

/** A local label counts only where the specifier has one. */
function isEqual(version: Version, wanted: Version): boolean {
  return (
    (wanted.local.length === 0 ? comparePublic(version, wanted) : compareVersions(version, wanted)) === 0
  );
}

/** `<1.0` does not mean `1.0rc1`. */
function isBefore(version: Version, wanted: Version): boolean {
  if (comparePublic(version, wanted) >= 0) return false;
  return isPrerelease(wanted) || !isPrerelease(version) || !isSameBase(version, wanted);
}

/** `>1.0` means neither `1.0.post1` nor `1.0+local`. */
function isAfter(version: Version, wanted: Version): boolean {
  if (comparePublic(version, wanted) <= 0) return false;
  if (wanted.post === undefined && version.post !== undefined && isSameBase(version, wanted)) return false;
  return version.local.length === 0 || !isSameBase(version, wanted);
}

function isSameBase(a: Version, b: Version): boolean {
  return a.epoch === b.epoch && compareReleases(a.release, b.release) === 0;
}

/** `~=1.4.2` stays within `1.4.*`. */
function seriesOf(wanted: Version): Version {
  return { ...wanted, release: wanted.release.slice(0, -1), pre: undefined, post: undefined, dev: undefined };
}

/** The wildcard's prefix match: release numbers padded with zeros, and a pre- or post-release where it names one. */
function hasPrefix(version: Version, prefix: Version): boolean {
  if (version.epoch !== prefix.epoch) return false;
  const isReleaseOnly = prefix.pre === undefined && prefix.post === undefined;
  const length = isReleaseOnly
    ? prefix.release.length
    : Math.max(prefix.release.length, version.release.length);
  for (let index = 0; index < length; index += 1) {
    if ((version.release[index] ?? 0) !== (prefix.release[index] ?? 0)) return false;
  }
  if (isReleaseOnly) return true;
  if (version.pre?.[0] !== prefix.pre?.[0] || version.pre?.[1] !== prefix.pre?.[1]) return false;
  return prefix.post === undefined || version.post === prefix.post;
}

/** The highest version that a set asks for at least (`>=`, `~=`), as its release numbers; undefined without one. */
export function leastVersion(text: string): string | undefined {
  const bounds = (parseSpecifiers(text) ?? []).flatMap(({ operator, version }) =>
    version !== undefined && (operator === '>=' || operator === '~=') ? [version] : [],
  );
  return bounds.sort(comparePublic).at(-1)?.release.join('.');
}
