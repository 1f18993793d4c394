// npm's rules for `os`, `cpu`, `libc` and `engines`.
import semver from 'semver';
import type { Target } from '@salver/core';
import { isObject } from './lockfile-shape.js';
import type { PackageFields } from './lockfile-shape.js';
import type { RangeTester } from './version-range.js';

/** True when a package may be installed on the target. */
export function isPlatformSupported(fields: PackageFields, target: Target): boolean {
  if (fields.os !== undefined && !isListed(target.os, fields.os)) return false;
  if (fields.cpu !== undefined && !isListed(target.arch, fields.cpu)) return false;
  if (fields.libc === undefined) return true;
  // Where there is no libc to speak of, a package that names one does not fit, even `any`.
  return target.libc !== 'none' && isListed(target.libc, fields.libc);
}

/** The package's `engines.node`, when it has one. */
export function nodeRangeOf(fields: PackageFields): string | undefined {
  const node = isObject(fields.engines) ? fields.engines['node'] : undefined;
  return typeof node === 'string' && node !== '' ? node : undefined;
}

/** Says whether a package's `engines.node` covers `nodeVersion` (with or without `v`). */
export type EngineCheck = (fields: PackageFields) => boolean;

/** A check for one Node version that remembers the ranges it has seen: packages repeat a few dozen. */
export function createEngineCheck(nodeVersion: string, ranges: RangeTester): EngineCheck {
  const version = nodeVersion.replace(/^v/, '');
  // npm lets a prerelease of Node count as the release; only semver knows that rule.
  const isRelease = /^\d+\.\d+\.\d+$/.test(version);
  const known = new Map<string, boolean>();
  return (fields) => {
    const range = nodeRangeOf(fields);
    if (range === undefined) return true;
    let supported = known.get(range);
    supported ??= isRelease
      ? ranges.test(version, range)
      : semver.satisfies(version, range, { includePrerelease: true });
    known.set(range, supported);
    return supported;
  };
}

/** No negated entry may match, and one of the others must, if there are others. */
function isListed(value: string, entries: string | readonly string[]): boolean {
  const list = typeof entries === 'string' ? [entries] : entries;
  if (list.length === 1 && list[0] === 'any') return true;
  if (list.includes(`!${value}`)) return false;
  return list.includes(value) || list.every((entry) => entry.startsWith('!'));
}
