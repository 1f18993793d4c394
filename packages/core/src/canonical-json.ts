// Canonical JSON (docs/format.md section 4): RFC 8785 without fractions and null, so that one value has
// exactly one byte form and the manifest's hash can be the release's identity.
import { SalverError } from './errors.js';
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from './limits.js';

/** The canonical bytes of a JSON value. Keys whose value is undefined are left out. Throws TypeError. */
export function canonicalJson(value: unknown): Buffer {
  return Buffer.from(serialize(value, 0), 'utf8');
}

function serialize(value: unknown, depth: number): string {
  if (depth > JSON_DEPTH_MAX) throw new TypeError('value is nested too deeply for canonical JSON');
  switch (typeof value) {
    case 'string':
      return serializeString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value)) throw new TypeError(`${value} has no canonical JSON form`);
      return Object.is(value, -0) ? '0' : String(value);
    case 'object':
      if (value !== null)
        return Array.isArray(value) ? serializeArray(value, depth) : serializeObject(value, depth);
  }
  throw new TypeError(`${value === null ? 'null' : typeof value} has no canonical JSON form`);
}

/** Printable ASCII without `"` and `\`: what nearly every string of a manifest is, and nothing to escape. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;

function serializeString(value: string): string {
  if (PLAIN_TEXT.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no canonical JSON form');
  return JSON.stringify(value);
}

function serializeArray(items: readonly unknown[], depth: number): string {
  let text = '[';
  for (const item of items) text += `${text === '[' ? '' : ','}${serialize(item, depth + 1)}`;
  return `${text}]`;
}

function serializeObject(object: object, depth: number): string {
  const record = object as Record<string, unknown>;
  let text = '{';
  // The default sort compares UTF-16 code units, as RFC 8785 asks.
  for (const key of Object.keys(record).sort()) {
    const value = record[key];
    if (value === undefined) continue;
    text += `${text === '{' ? '' : ','}${serializeString(key)}:${serialize(value, depth + 1)}`;
  }
  return `${text}}`;
}

/**
 * Parses bytes that must be canonical JSON. Throws E_MANIFEST_INVALID, naming `what`, when they are not
 * JSON or not in the one canonical form.
 */
export function parseCanonicalJson(bytes: Buffer, what: string): unknown {
  let value: unknown;
  let again: Buffer;
  refuseBomb(bytes, what);
  try {
    value = JSON.parse(bytes.toString('utf8'));
    again = canonicalJson(value);
  } catch (error) {
    throw new SalverError('E_MANIFEST_INVALID', `${what} is not canonical JSON`, { cause: error });
  }
  if (!again.equals(bytes)) {
    throw new SalverError('E_MANIFEST_INVALID', `${what} is not in canonical form`);
  }
  return value;
}

/**
 * Refuses what would take more memory to parse than documents of the format need: a list costs a byte of text and
 * fifty of memory. Strings are counted as if they were structure, which only long ones full of brackets feel.
 */
function refuseBomb(bytes: Buffer, what: string): void {
  let depth = 0;
  let values = 0;
  for (const byte of bytes) {
    if (byte === COMMA) values += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      values += 1;
      depth += 1;
      if (depth > JSON_NESTED_OPENINGS_MAX) break;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
  if (depth > JSON_NESTED_OPENINGS_MAX || values > JSON_VALUES_MAX)
    throw new SalverError('E_MANIFEST_INVALID', `${what} holds more values than the format allows`);
}

/** Texts may hold some unclosed brackets, too; the exact depth is checked when the value is written again. */
const JSON_NESTED_OPENINGS_MAX = 1_000;
const [COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x2c, 0x5b, 0x5d, 0x7b, 0x7d];
