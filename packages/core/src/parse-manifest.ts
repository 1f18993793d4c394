// Hostile JSON -> manifest, layout, source label (docs/format.md sections 4, 5 and 9). Checked once, here;
// the rest of the code relies on the types.
import { pathProblem } from './archive-path.js';
import { KEEP_PATTERN, urlProblem } from './assets.js';
import { SHA256_PATTERN } from './digest.js';
import { SalverError, printable } from './errors.js';
import { MEMBER_STORED_BYTES_MAX, unknownFormat } from './gzip-member.js';
import { ShapeError, flag, integer, listOf, mapOf, object, oneOf, text } from './json-shape.js';
import type { Shape } from './json-shape.js';
import {
  ARTIFACT_RAW_BYTES_MAX,
  ENTRIES_MAX,
  MEMBERS_MAX,
  MEMBER_RAW_BYTES_MAX,
  UNITS_MAX,
} from './limits.js';
import { FORMAT_NUMBER } from './manifest.js';
import type {
  CandidateRule,
  CheckRule,
  EnvRule,
  HookRule,
  HostSettings,
  Layout,
  LayoutRow,
  Manifest,
  MemberRow,
  Migration,
  ServeRule,
  SourceLabel,
  Unit,
  UnitAssets,
  UnitScripts,
} from './manifest.js';
import type { LibraryNeed, Needs, NodeNeeds, PythonNeeds, VersionNeed } from './needs.js';
import { NAME_PATTERN, VERSION_PATTERN } from './release-name.js';

const LIST_MAX = 10_000;
const SETTINGS_MAX = 1_000;

const versionNeed = object<VersionNeed>({ version: text(/^[0-9]+(\.[0-9]+){0,3}$/), by: text() });
const needs = object<Needs>(
  {
    glibc: versionNeed,
    glibcxx: versionNeed,
    cxxabi: versionNeed,
    musl: object<{ by: string }>({ by: text() }),
    libraries: listOf(object<LibraryNeed>({ name: text(), by: text() }), LIST_MAX),
    node: object<NodeNeeds>(
      {
        range: text(),
        modules: object<{ version: number; by: string }>({ version: integer(1, 100_000), by: text() }),
        napi: flag,
      },
      ['range', 'modules', 'napi'],
    ),
    python: object<PythonNeeds>(
      {
        version: text(/^3\.[0-9]{1,3}$/),
        soabi: text(/^[A-Za-z0-9_.-]{1,128}$/),
        atLeast: text(/^3\.[0-9]{1,3}\.[0-9]{1,3}$/),
      },
      ['atLeast'],
    ),
  },
  ['glibc', 'glibcxx', 'cxxabi', 'musl', 'libraries', 'node', 'python'],
);

const duration = text(/^[0-9]{1,9}(ms|s|m|h)$/);
const hook = object<HookRule>({ run: text(), timeout: duration, phase: oneOf('expand', 'contract') }, [
  'timeout',
  'phase',
]);
const checkShapes = {
  http: text(),
  tcp: text(),
  run: text(),
  status: integer(100, 599),
  body: text(),
  header: text(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*$/),
  passes: integer(1, 1_000),
  deadline: duration,
  interval: duration,
  timeout: duration,
  grace: duration,
};
const checkKeys = Object.keys(checkShapes) as (keyof CheckRule)[];
const check = object<CheckRule>(checkShapes, checkKeys);
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;
const candidate = object<CandidateRule>({ ...checkShapes, port: text(variableName) }, [...checkKeys, 'port']);
const envRule = object<EnvRule>({ required: flag, default: text(/^[^\0]*$/), pattern: text() }, [
  'required',
  'default',
  'pattern',
]);

const serve = object<ServeRule>(
  {
    workers: integer(1, 256),
    ready: text(/^(accept|\/[!-~]*)$/),
    drain: duration,
    listen: text(/^[!-~]+$/),
  },
  ['workers', 'ready', 'drain', 'listen'],
);

/** A path below the release, e.g. of `shared`. */
const innerPath: Shape<string> = (value, place) => {
  const path = text()(value, place);
  const problem = pathProblem(path);
  if (problem !== undefined) throw new ShapeError(place, `is a path that is refused: ${problem}`);
  return path;
};

const host = object<HostSettings>(
  {
    start: text(),
    shared: listOf(innerPath, SETTINGS_MAX),
    env: mapOf(variableName, envRule, SETTINGS_MAX),
    hooks: object<NonNullable<HostSettings['hooks']>>(
      { prepare: hook, migrate: hook, reload: hook, cleanup: hook, check, candidate },
      ['prepare', 'migrate', 'reload', 'cleanup', 'check', 'candidate'],
    ),
    serve,
    keep: integer(1, 1_000),
    onCrash: oneOf('verify', 'rollback', 'keep'),
  },
  ['start', 'shared', 'env', 'hooks', 'serve', 'keep', 'onCrash'],
);

const rawSize = integer(1, MEMBER_RAW_BYTES_MAX);
const digest = text(SHA256_PATTERN);
const memberRow: Shape<MemberRow> = (value, place) => {
  if (!Array.isArray(value) || value.length !== 2)
    throw new ShapeError(place, 'must be a pair of size and digest');
  return [rawSize(value[0], `${place}.0`), digest(value[1], `${place}.1`)];
};
const storedSize = integer(1, MEMBER_STORED_BYTES_MAX);
const checksum = integer(0, 2 ** 32 - 1);
const layoutRow: Shape<LayoutRow> = (value, place) => {
  if (!Array.isArray(value) || value.length !== 2)
    throw new ShapeError(place, 'must be a pair of size and checksum');
  return [storedSize(value[0], `${place}.0`), checksum(value[1], `${place}.1`)];
};
const unitPath: Shape<string> = (value, place) => (value === '' ? '' : innerPath(value, place));

const assetsUrl: Shape<string> = (value, place) => {
  const url = text()(value, place);
  const problem = urlProblem(url);
  if (problem !== undefined) throw new ShapeError(place, `is a URL path that is refused: ${problem}`);
  return url;
};

const unit = object<Unit>(
  {
    kind: text(/^[a-z][a-z0-9-]{0,31}$/),
    name: text(),
    version: text(),
    path: unitPath,
    entries: integer(0, ENTRIES_MAX),
    sizeBytes: integer(0, ARTIFACT_RAW_BYTES_MAX),
    compiled: flag,
    scripts: object<UnitScripts>({ ran: listOf(text(), LIST_MAX), skipped: listOf(text(), LIST_MAX) }, [
      'ran',
      'skipped',
    ]),
    assets: object<UnitAssets>({ url: assetsUrl, immutable: flag, keep: text(KEEP_PATTERN) }, [
      'immutable',
      'keep',
    ]),
    members: listOf(memberRow, MEMBERS_MAX),
  },
  ['version', 'compiled', 'scripts', 'assets'],
);

const MIGRATIONS_MAX = 20_000;

const migration = object<Migration>(
  { id: text(), effect: oneOf('expand', 'review', 'opaque', 'contract'), why: text() },
  ['why'],
);

const manifest = object<Manifest>(
  {
    format: integer(FORMAT_NUMBER, FORMAT_NUMBER) as Shape<typeof FORMAT_NUMBER>,
    name: text(NAME_PATTERN),
    version: text(VERSION_PATTERN),
    target: text(/^[a-z0-9]{2,16}-[a-z0-9]{2,16}(-(glibc|musl))?$/),
    needs,
    host,
    migrations: listOf(migration, MIGRATIONS_MAX),
    units: listOf(unit, UNITS_MAX),
  },
  ['migrations'],
);

/** Checks a manifest. Throws E_FORMAT_UNKNOWN or E_MANIFEST_INVALID, naming the key. */
export function parseManifest(value: unknown): Manifest {
  refuseOtherFormat(value);
  const parsed = checked(value, manifest, 'the manifest');
  let entries = 0;
  let rawBytes = 0;
  let members = 0;
  for (const row of parsed.units) {
    entries += row.entries;
    members += row.members.length;
    for (const [bytes] of row.members) rawBytes += bytes;
  }
  if (entries > ENTRIES_MAX || members > MEMBERS_MAX || rawBytes > ARTIFACT_RAW_BYTES_MAX) {
    throw new SalverError('E_MANIFEST_INVALID', 'the manifest describes more than the format allows');
  }
  return parsed;
}

/** Checks a layout and that it has a row for every member of the manifest. Throws E_MANIFEST_INVALID. */
export function parseLayout(value: unknown, of: Manifest): Layout {
  refuseOtherFormat(value);
  const parsed = checked(
    value,
    object<Layout>({
      format: integer(FORMAT_NUMBER, FORMAT_NUMBER) as Shape<typeof FORMAT_NUMBER>,
      members: listOf(layoutRow, MEMBERS_MAX),
    }),
    'the layout',
  );
  const expected = of.units.reduce((sum, row) => sum + row.members.length, 0);
  if (parsed.members.length !== expected) {
    throw new SalverError(
      'E_MANIFEST_INVALID',
      `the layout has ${parsed.members.length} members, the manifest ${expected}`,
    );
  }
  return parsed;
}

/** Checks a source label. Throws E_MANIFEST_INVALID. */
export function parseSourceLabel(value: unknown): SourceLabel {
  refuseOtherFormat(value);
  return checked(
    value,
    object<SourceLabel>(
      {
        format: integer(FORMAT_NUMBER, FORMAT_NUMBER) as Shape<typeof FORMAT_NUMBER>,
        commit: text(),
        branch: text(),
        dirty: flag,
      },
      ['commit', 'branch', 'dirty'],
    ),
    'the source label',
  );
}

function refuseOtherFormat(value: unknown): void {
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && Number.isSafeInteger(format) && format > FORMAT_NUMBER)
    throw unknownFormat(format);
}

function checked<T>(value: unknown, shape: Shape<T>, what: string): T {
  try {
    return shape(value, '');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const message = `${what} is refused: ${printable(error.message)}`;
    const facts = { key: printable(error.place) };
    if (error.unknownKey) {
      throw new SalverError('E_FORMAT_UNKNOWN', message, { hint: 'install a newer salver-host', facts });
    }
    throw new SalverError('E_MANIFEST_INVALID', message, { facts });
  }
}
