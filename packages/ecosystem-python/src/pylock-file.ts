// pylock.toml (PEP 751): the packages of one target, read as the specification's installation steps say.
import { SalverError, pathProblem, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import { evaluateMarker, parseMarker } from './marker.js';
import type { MarkerEnvironment } from './marker.js';
import { NO_INDEX_OPTIONS, lockInvalid, sortedPackages, sriOfHash } from './python-lock.js';
import type { LockedFile, LockedPackage, PythonLock } from './python-lock.js';
import { editableRefused, fileNameOf } from './requirements-file.js';
import { parseSpecifiers, satisfies } from './specifier.js';

export interface PylockOptions {
  /** For messages, and for `path`s, which are relative to it. Relative to the project. */
  readonly lockfile: string;
  readonly text: string;
  readonly environment: MarkerEnvironment;
}

type Table = Readonly<Record<string, unknown>>;

/**
 * Throws E_LOCK_INVALID, E_LOCK_UNSUPPORTED, E_ENGINE_UNSUPPORTED, E_INTEGRITY_MISSING, E_EDITABLE_REFUSED,
 * E_GIT_DEPENDENCY_REFUSED.
 */
export async function parsePylock(options: PylockOptions): Promise<PythonLock> {
  const document = await parseToml(options);
  checkVersion(document, options);
  checkPython(document['requires-python'], options, 'the lock');
  checkEnvironments(document, options);
  const chosen = withDefaultGroups(document, options.environment);
  const packages: LockedPackage[] = [];
  for (const value of listAt(document, 'packages', options)) {
    const table = asTable(value, options);
    const { marker } = table;
    if (typeof marker === 'string' && !evaluateMarker(parseMarker(marker), chosen)) continue;
    packages.push(readPackage(table, options));
  }
  return {
    lockfile: options.lockfile,
    packages: sortedPackages(packages, options.lockfile),
    index: NO_INDEX_OPTIONS,
    ...(typeof document['requires-python'] === 'string'
      ? { requiresPython: document['requires-python'] }
      : {}),
  };
}

async function parseToml({ text, lockfile }: PylockOptions): Promise<Table> {
  const { parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    throw lockInvalid(
      lockfile,
      `it is no TOML: ${printable((error as Error).message.split('\n')[0] ?? '')}`,
      error,
    );
  }
}

function checkVersion(document: Table, { lockfile }: PylockOptions): void {
  const version = document['lock-version'];
  if (typeof version !== 'string') throw lockInvalid(lockfile, 'it has no lock-version');
  if (version.split('.')[0] === '1') return;
  throw new SalverError('E_LOCK_UNSUPPORTED', `${lockfile} has the lock-version ${printable(version)}`, {
    hint: 'Salver reads 1.x: lock with a tool that writes it, or use a newer Salver',
    facts: { lockfile },
  });
}

function checkPython(range: unknown, { environment, lockfile }: PylockOptions, what: string): void {
  if (range === undefined) return;
  const specifiers = typeof range === 'string' ? parseSpecifiers(range) : undefined;
  if (typeof range !== 'string' || specifiers === undefined)
    throw lockInvalid(lockfile, `requires-python of ${what} cannot be read`);
  const version = environment.variables['python_full_version'] ?? '';
  if (satisfies(version, specifiers)) return;
  throw new SalverError(
    'E_ENGINE_UNSUPPORTED',
    `${what} is for Python ${printable(range)}, and this build is for ${version}`,
    {
      hint: 'set "python": {"version": …} in salver.json to one that fits, or lock again for this one',
      facts: { lockfile, expected: range, actual: version },
    },
  );
}

function checkEnvironments(document: Table, options: PylockOptions): void {
  const environments = listAt(document, 'environments', options).filter((one) => typeof one === 'string');
  if (environments.length === 0) return;
  if (environments.some((one) => evaluateMarker(parseMarker(one), options.environment))) return;
  throw new SalverError(
    'E_LOCK_UNSUPPORTED',
    `${options.lockfile} was made for other environments than this build's`,
    {
      hint: `lock for ${options.environment.variables['sys_platform'] ?? ''} and Python ${options.environment.variables['python_version'] ?? ''} as well`,
      facts: { lockfile: options.lockfile, environments },
    },
  );
}

/** Without a choice of the user, the lock's default groups are installed. */
function withDefaultGroups(document: Table, environment: MarkerEnvironment): MarkerEnvironment {
  const defaults = document['default-groups'];
  if (environment.groups.size > 0 || !Array.isArray(defaults)) return environment;
  return { ...environment, groups: new Set(defaults.map((name) => canonicalName(String(name)))) };
}

function readPackage(table: Table, options: PylockOptions): LockedPackage {
  const { lockfile } = options;
  const name = table['name'];
  if (typeof name !== 'string' || name === '') throw lockInvalid(lockfile, 'a package has no name');
  checkPython(table['requires-python'], options, printable(name));
  refuseSources(name, table, lockfile);
  const archive = table['archive'] === undefined ? undefined : asTable(table['archive'], options);
  const sdist = table['sdist'] === undefined ? [] : [asTable(table['sdist'], options)];
  const wheels = listAt(table, 'wheels', options).map((wheel) => asTable(wheel, options));
  const files = (archive === undefined ? [...wheels, ...sdist] : [archive]).map((file) =>
    readFile(name, file, options),
  );
  if (files.length === 0) throw lockInvalid(lockfile, `${printable(name)} has no files`);
  const { version } = table;
  const subdirectory = archive?.['subdirectory'];
  return {
    name: canonicalName(name),
    ...(typeof version === 'string' ? { version } : {}),
    files,
    hashes: [],
    ...(typeof subdirectory === 'string' ? { subdirectory: insidePath(subdirectory, lockfile) } : {}),
  };
}

function refuseSources(name: string, table: Table, lockfile: string): void {
  const directory = table['directory'] as Table | undefined;
  if (directory?.['editable'] === true) throw editableRefused(printable(name), lockfile);
  if (directory !== undefined) {
    throw new SalverError('E_LOCK_UNSUPPORTED', `${lockfile} takes ${printable(name)} from a directory`, {
      hint: 'build a wheel of it and lock that one; the app itself needs no entry: its files ship anyway',
      facts: { lockfile, name },
    });
  }
  if (table['vcs'] !== undefined) {
    throw new SalverError(
      'E_GIT_DEPENDENCY_REFUSED',
      `${lockfile} takes ${printable(name)} from a repository`,
      {
        hint: 'build a wheel of that commit, put it where your index or --find-links has it, and lock it',
        facts: { lockfile, name },
      },
    );
  }
}

function readFile(name: string, table: Table, options: PylockOptions): LockedFile {
  const { lockfile } = options;
  const { url, path, size } = table;
  const source = typeof url === 'string' ? url : path;
  if (typeof source !== 'string')
    throw lockInvalid(lockfile, `a file of ${printable(name)} has neither url nor path`);
  const fileName = typeof table['name'] === 'string' ? table['name'] : fileNameOf(source);
  const hashes = Object.entries((table['hashes'] ?? {}) as Table).flatMap(([algorithm, hex]) =>
    typeof hex === 'string' ? (sriOfHash(algorithm, hex) ?? []) : [],
  );
  if (hashes.length === 0) {
    throw new SalverError('E_INTEGRITY_MISSING', `${lockfile} has no hash for ${printable(fileName)}`, {
      hint: 'make the lock again: the format asks for a sha256 of every file',
      facts: { lockfile, name },
    });
  }
  return {
    fileName,
    ...(typeof url === 'string' ? { url } : { path: insidePath(besides(lockfile, source), lockfile) }),
    ...(typeof size === 'number' ? { sizeBytes: size } : {}),
    integrity: hashes.join(' '),
  };
}

function besides(lockfile: string, path: string): string {
  const directory = lockfile.includes('/') ? lockfile.slice(0, lockfile.lastIndexOf('/') + 1) : '';
  return `${directory}${path.replace(/^(\.\/)+/, '')}`;
}

function insidePath(path: string, lockfile: string): string {
  const problem = pathProblem(path);
  if (problem === undefined) return path;
  throw lockInvalid(lockfile, `it names a path that is refused: ${printable(path)}: ${problem}`);
}

function listAt(table: Table, key: string, { lockfile }: PylockOptions): readonly unknown[] {
  const value = table[key] ?? [];
  if (!Array.isArray(value)) throw lockInvalid(lockfile, `${key} is not a list`);
  return value;
}

function asTable(value: unknown, { lockfile }: PylockOptions): Table {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Table;
  throw lockInvalid(lockfile, 'something is there that should be a table');
}
