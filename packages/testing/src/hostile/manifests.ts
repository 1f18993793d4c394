// Manifests and layouts that lie, in documents whose digests and lengths are true.
import type { ErrorCode } from '@salver/core';
import { accepts, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed, sealedMembers } from './seal.js';
import type { Json, SealEdits } from './seal.js';
import { file } from './tar-part.js';

const INVALID: ErrorCode = 'E_MANIFEST_INVALID';

const refusesEdit = (what: string, edits: SealEdits, code: ErrorCode = INVALID): HostileCase =>
  refuses(what, () => sealed([file('a', 'x')], edits), code);

const refusesText = (what: string, manifestText: (text: string) => string | Buffer): HostileCase =>
  refusesEdit(what, { manifestText });

export const manifestTexts: HostileClass = {
  name: 'JSON that is not canonical',
  cases: [
    refusesText('a key twice', (text) => text.replace('{"format":1', '{"format":1,"format":1')),
    refusesText('a key twice, escaped once', (text) =>
      text.replace('"host":{}', '"host":{},"h\\u006fst":{}'),
    ),
    refusesText('white space', (text) => text.replace(',', ', ')),
    refusesText('a line feed at the end', (text) => `${text}\n`),
    refusesText('keys in another order', (text) =>
      text.replace('"format":1,"host":{}', '"host":{},"format":1'),
    ),
    refusesText('an escaped letter', (text) => text.replace('hostile', 'h\\u006fstile')),
    refusesText('a number with a fraction', (text) => text.replace('"format":1', '"format":1.0')),
    refusesText('a number with an exponent', (text) => text.replace('"format":1', '"format":1e0')),
    refusesText('minus zero', (text) => text.replace('"sizeBytes":1', '"sizeBytes":-0')),
    refusesText('a number above 2^53', (text) =>
      text.replace('"sizeBytes":1', '"sizeBytes":9007199254740993'),
    ),
    refusesText('a number of 400 digits', (text) =>
      text.replace('"sizeBytes":1', `"sizeBytes":${'9'.repeat(400)}`),
    ),
    refusesText('null', (text) => text.replace('"host":{}', '"host":null')),
    refusesText('a byte order mark', (text) => `\ufeff${text}`),
    refusesText('a lone surrogate', (text) => text.replace('hostile', '\\ud800')),
    refusesText('bytes that are no UTF-8', (text) =>
      Buffer.from(text.replace('hostile', 'h\u00ff'), 'latin1'),
    ),
    refusesText('a comment', (text) => `${text}//`),
    refusesText('two documents', (text) => `${text}${text}`),
    refusesText('nothing', () => ''),
    refusesText('a document that is cut off', (text) => text.slice(0, -1)),
    refusesText('a string', () => '"manifest"'),
    refusesText('a number', () => '1'),
    refusesText('a list', () => '[]'),
    refusesText('100 lists in each other', () => `${'['.repeat(100)}${']'.repeat(100)}`),
    refusesText('500,000 lists in each other', () => `${'['.repeat(500_000)}${']'.repeat(500_000)}`),
  ],
};

const refusesManifest = (
  what: string,
  edit: (manifest: Json) => unknown,
  code: ErrorCode = INVALID,
): HostileCase => refusesEdit(what, { manifest: edit }, code);

const units =
  (edit: (unit: Json) => unknown) =>
  (manifest: Json): unknown => ({
    ...manifest,
    units: (manifest.units as Json[]).map(edit),
  });

const host =
  (settings: unknown) =>
  (manifest: Json): unknown => ({ ...manifest, host: settings });

export const manifestValues: HostileClass = {
  name: 'manifests with wrong values',
  cases: [
    refusesManifest('format 2', (manifest) => ({ ...manifest, format: 2 }), 'E_FORMAT_UNKNOWN'),
    refusesManifest('format 0', (manifest) => ({ ...manifest, format: 0 })),
    refusesManifest('a format in words', (manifest) => ({ ...manifest, format: '1' })),
    refusesManifest('a key nobody knows', (manifest) => ({ ...manifest, extra: 1 }), 'E_FORMAT_UNKNOWN'),
    refusesEdit(
      'a key __proto__',
      { manifestText: (text) => text.replace('{"format"', '{"__proto__":{"name":"x"},"format"') },
      'E_FORMAT_UNKNOWN',
    ),
    refusesManifest(
      'a key constructor',
      (manifest) => ({ ...manifest, constructor: {} }),
      'E_FORMAT_UNKNOWN',
    ),
    refusesEdit('a variable called __proto__, which is no rule', {
      manifestText: (text) => text.replace('"host":{}', '"host":{"env":{"__proto__":{"required":"yes"}}}'),
    }),
    refusesManifest('no units', ({ units: _units, ...manifest }) => manifest),
    refusesManifest('a name that is a path', (manifest) => ({ ...manifest, name: '../x' })),
    refusesManifest('a version that is a path', (manifest) => ({ ...manifest, version: '../../x' })),
    refusesManifest('a version of dots', (manifest) => ({ ...manifest, version: '..' })),
    refusesManifest('a version with a line feed', (manifest) => ({ ...manifest, version: '1\n' })),
    refusesManifest('a target that is a path', (manifest) => ({ ...manifest, target: '../x' })),
    refusesManifest(
      'another target',
      (manifest) => ({ ...manifest, target: 'plan9-mips' }),
      'E_PLATFORM_MISMATCH',
    ),
    refusesManifest(
      'a unit path that climbs out',
      units((unit) => ({ ...unit, path: '../x' })),
    ),
    refusesManifest(
      'a unit path that is absolute',
      units((unit) => ({ ...unit, path: '/' })),
    ),
    refusesManifest(
      'a unit kind in capitals',
      units((unit) => ({ ...unit, kind: 'APP' })),
    ),
    refusesManifest(
      'a negative count',
      units((unit) => ({ ...unit, entries: -1 })),
    ),
    refusesManifest(
      'a count above the limit',
      units((unit) => ({ ...unit, entries: 1_000_001 })),
    ),
    refusesManifest(
      'a size above the limit',
      units((unit) => ({ ...unit, sizeBytes: 2 ** 40 })),
    ),
    refusesManifest(
      'a member of 0 bytes',
      units((unit) => ({ ...unit, members: [[0, '0'.repeat(64)]] })),
    ),
    refusesManifest(
      'a member above 1 MiB',
      units((unit) => ({ ...unit, members: [[2 ** 20 + 1, '0'.repeat(64)]] })),
    ),
    refusesManifest(
      'a digest in capitals',
      units((unit) => ({ ...unit, members: [[1024, 'A'.repeat(64)]] })),
    ),
    refusesManifest(
      'a member with three values',
      units((unit) => ({ ...unit, members: [[1, 'a', 2]] })),
    ),
    refusesManifest(
      'members that are no list',
      units((unit) => ({ ...unit, members: { length: 1 } })),
    ),
    refusesManifest('a variable that is no name', host({ env: { 'A=B': {} } })),
    refusesManifest('a default with NUL', host({ env: { A: { default: 'a\0b' } } })),
    refusesManifest(
      'a header with a line feed',
      host({ hooks: { check: { http: '/', header: 'a: b\r\nc: d' } } }),
    ),
    refusesManifest('a hook nobody knows', host({ hooks: { evil: { run: 'x' } } }), 'E_FORMAT_UNKNOWN'),
    refusesManifest('a timeout without a unit', host({ hooks: { reload: { run: 'x', timeout: '5' } } })),
    refusesManifest('a string of 20,000 characters', host({ start: 'x'.repeat(20_000) })),
    refusesManifest(
      'needs that no host meets',
      (manifest) => ({
        ...manifest,
        needs: { node: { range: '>=999' } },
      }),
      'E_NEEDS_UNMET',
    ),
    accepts('a variable called __proto__', { a: 'file x' }, () =>
      sealed([file('a', 'x')], {
        manifestText: (text) => text.replace('"host":{}', '"host":{"env":{"__proto__":{"default":"x"}}}'),
      }),
    ),
  ],
};

const refusesRows = (
  what: string,
  edit: (rows: [number, number][]) => unknown,
  code: ErrorCode = INVALID,
): HostileCase =>
  refuses(
    what,
    () =>
      sealed([file('a', 'x')], {
        layout: (layout) => ({ ...layout, members: edit(layout.members as [number, number][]) }),
      }),
    code,
  );

export const layouts: HostileClass = {
  name: 'layouts',
  cases: [
    refusesRows('no rows', () => []),
    refusesRows('a row too many', (rows) => [...rows, [29, 0]]),
    refusesRows('a length of 0', (rows) => rows.map(([, crc]) => [0, crc])),
    refusesRows('a negative length', (rows) => rows.map(([, crc]) => [-1, crc])),
    refusesRows('a length above the limit', (rows) => rows.map(([, crc]) => [2 ** 21, crc])),
    refusesRows('a length of 2^53', (rows) => rows.map(([, crc]) => [2 ** 53 - 1, crc])),
    refusesRows('a negative checksum', (rows) => rows.map(([length]) => [length, -1])),
    refusesRows('a row with an offset', (rows) => rows.map((row) => [...row, 0])),
    refusesRows('a row that is an object', () => [{ length: 1 }]),
    refusesRows(
      'a length one too small',
      (rows) => rows.map(([length, crc]) => [length - 1, crc]),
      'E_ARTIFACT_DAMAGED',
    ),
    refusesRows(
      'a length one too large',
      (rows) => rows.map(([length, crc]) => [length + 1, crc]),
      'E_ARTIFACT_TRUNCATED',
    ),
    refusesRows('a wrong checksum', (rows) => rows.map(([length]) => [length, 0]), 'E_ARTIFACT_DAMAGED'),
    refuses(
      'lengths that are right in sum only',
      () => twoMembers(([first, second]) => [first + 1, second - 1]),
      'E_ARTIFACT_DAMAGED',
    ),
    refuses(
      'two members that trade places',
      () => twoMembers(([first, second]) => [first, second], true),
      'E_DIGEST_MISMATCH',
    ),
    refusesEdit(
      'a layout with another key',
      { layout: (layout) => ({ ...layout, offsets: [] }) },
      'E_FORMAT_UNKNOWN',
    ),
    refusesEdit(
      'a layout of format 2',
      { layout: (layout) => ({ ...layout, format: 2 }) },
      'E_FORMAT_UNKNOWN',
    ),
    refusesEdit('a layout that is not canonical', { layoutText: (text) => text.replace('[', '[ ') }),
    refusesEdit('a source label that is not canonical', { sourceText: () => '{"format": 1}' }),
    refusesEdit(
      'a source label with another key',
      { sourceText: () => '{"format":1,"user":"x"}' },
      'E_FORMAT_UNKNOWN',
    ),
    refusesEdit('a source label with a list', { sourceText: () => '{"commit":[],"format":1}' }),
  ],
};

/** Two members of unequal length; their layout lengths are edited, or the members swapped in the file. */
function twoMembers(edit: (lengths: [number, number]) => [number, number], swaps = false): Buffer {
  const parts = [file('a', 'x'), file('b', 'yyyyyyy')];
  return sealMembers(parts, {
    stored: (members) => (swaps ? [...members].reverse() : members),
    layout: (layout) => {
      const rows = layout.members as [number, number][];
      const [first = 0, second = 0] = rows.map(([length]) => length);
      const lengths = edit([first, second]);
      return { ...layout, members: rows.map(([, crc], index) => [lengths[index], crc]) };
    },
  });
}

function sealMembers(parts: readonly ReturnType<typeof file>[], edits: SealEdits): Buffer {
  return sealedMembers(
    parts.map((part) => [part]),
    edits,
  );
}
