// Checks parsed JSON against CONFIG_SCHEMA, and says what is wrong in the words of the configuration:
// where, what was expected, and which key was probably meant.
import { pathProblem, printable, nearestWord, urlProblem } from '@salver/core';
import type { ConfigSchema } from './config-schema.js';

/** One thing that is wrong. */
export interface ConfigProblem {
  /** Key path, e.g. `hooks.check.passes`; empty for the whole document. */
  readonly key: string;
  /** What was expected, e.g. `must be a whole number from 1 to 1000`. */
  readonly problem: string;
  /** The known key that was probably meant. */
  readonly suggestion?: string;
}

/** The first thing that is wrong with `value`, or undefined. */
export function findConfigProblem(value: unknown, schema: ConfigSchema, key = ''): ConfigProblem | undefined {
  if (schema.anyOf !== undefined) return checkAnyOf(value, schema.anyOf, key);
  if (schema.type !== undefined && !hasType(value, schema.type)) {
    return { key, problem: `must be ${TYPE_WORDS[schema.type]}, not ${describe(value)}` };
  }
  if (typeof value === 'string') return checkText(value, schema, key);
  if (typeof value === 'number') return checkNumber(value, schema, key);
  if (Array.isArray(value)) return checkList(value, schema, key);
  if (typeof value === 'object' && value !== null) return checkObject(value, schema, key);
  return undefined;
}

const TYPE_WORDS = {
  object: 'an object',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
} as const;

type TypeName = keyof typeof TYPE_WORDS;

function hasType(value: unknown, type: TypeName): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return printable(JSON.stringify(value)).slice(0, 60);
}

/** The shapes differ in type: the one of the value's type tells what is wrong with it. */
function checkAnyOf(value: unknown, shapes: readonly ConfigSchema[], key: string): ConfigProblem | undefined {
  const meant = shapes.find((shape) => shape.type !== undefined && hasType(value, shape.type));
  if (meant !== undefined) return findConfigProblem(value, meant, key);
  const words = shapes.map((shape) => (shape.type === undefined ? 'anything' : TYPE_WORDS[shape.type]));
  return { key, problem: `must be ${words.join(' or ')}, not ${describe(value)}` };
}

function checkText(value: string, schema: ConfigSchema, key: string): ConfigProblem | undefined {
  const given = describe(value);
  if (value.length < (schema.minLength ?? 0)) return { key, problem: 'must not be empty' };
  if (value.length > (schema.maxLength ?? Infinity)) {
    return { key, problem: `must not be longer than ${schema.maxLength} characters` };
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return { key, problem: `must be one of ${schema.enum.join(', ')}, not ${given}` };
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    return { key, problem: `must be ${patternWords(schema.pattern)}, not ${given}` };
  }
  if (schema.format === 'regex' && !isRegularExpression(value)) {
    return { key, problem: `must be a regular expression, not ${given}` };
  }
  const urlError = schema.format === 'url-path' ? urlProblem(value) : undefined;
  if (urlError !== undefined) return { key, problem: `must be a URL path such as "/assets/": ${urlError}` };
  const pathError = schema.format === 'release-path' ? pathProblem(value) : undefined;
  return pathError === undefined
    ? undefined
    : { key, problem: `must be a path below the release: ${pathError}` };
}

/** What a pattern asks for, said for people. */
const PATTERN_WORDS: Readonly<Record<string, string>> = {
  '^[a-z0-9][a-z0-9._-]{0,63}$': 'a name of lower-case letters, digits, ".", "_" and "-" (at most 64)',
  '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$': 'a version of letters, digits, ".", "+", "_" and "-" (at most 64)',
  '^[0-9]{1,9}(ms|s|m|h)$': 'a duration such as "500ms", "30s", "5m" or "1h"',
  '^https?://': 'a URL that begins with http:// or https://',
  '^[a-z0-9]{2,16}-[a-z0-9]{2,16}(-(glibc|musl))?$': 'a target such as "linux-x64-glibc" or "darwin-arm64"',
  '^[0-9]{1,4}[hd]$': 'a time such as "12h" or "30d"',
  '^[^\\s]+:[0-9]{1,5}$': 'an address such as "127.0.0.1:3000"',
  '^[A-Za-z0-9-]+:[^\\r\\n\\u0000]*$': 'a header such as "content-type: application/json"',
  '^[A-Za-z_][A-Za-z0-9_]{0,255}$': 'the name of an environment variable',
};

function patternWords(pattern: string): string {
  return PATTERN_WORDS[pattern] ?? `of the form ${pattern}`;
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

function checkNumber(value: number, schema: ConfigSchema, key: string): ConfigProblem | undefined {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value >= minimum && value <= maximum) return undefined;
  return { key, problem: `must be a whole number from ${minimum} to ${maximum}, not ${value}` };
}

function checkList(items: readonly unknown[], schema: ConfigSchema, key: string): ConfigProblem | undefined {
  if (items.length > (schema.maxItems ?? Infinity)) {
    return { key, problem: `must not have more than ${schema.maxItems} items` };
  }
  for (const [index, item] of items.entries()) {
    const problem = schema.items && findConfigProblem(item, schema.items, below(key, String(index)));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkObject(value: object, schema: ConfigSchema, key: string): ConfigProblem | undefined {
  const keys = Object.keys(value).filter((name) => !isComment(name));
  if (keys.length > (schema.maxProperties ?? Infinity)) {
    return { key, problem: `must not have more than ${schema.maxProperties} keys` };
  }
  for (const name of keys) {
    const problem = checkProperty(name, (value as Record<string, unknown>)[name], schema, key);
    if (problem !== undefined) return problem;
  }
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  return missing === undefined ? undefined : { key: below(key, missing), problem: 'is missing' };
}

function checkProperty(
  name: string,
  value: unknown,
  schema: ConfigSchema,
  key: string,
): ConfigProblem | undefined {
  const place = below(key, name);
  const known = schema.properties ?? {};
  if (Object.hasOwn(known, name)) return findConfigProblem(value, known[name] ?? {}, place);
  if (schema.additionalProperties === undefined || schema.additionalProperties === false) {
    const suggestion = nearestWord(name, Object.keys(known));
    return { key: place, problem: 'is not a known key', ...(suggestion === undefined ? {} : { suggestion }) };
  }
  const pattern = schema.propertyNames?.pattern;
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(name)) {
    return { key: place, problem: `has a name that is not of the form ${pattern}` };
  }
  return findConfigProblem(value, schema.additionalProperties, place);
}

/** JSON has no comments: keys that begin with two slashes are taken as such, everywhere. */
export function isComment(key: string): boolean {
  return key.startsWith('//');
}

function below(key: string, name: string): string {
  const shown = printable(name);
  return key === '' ? shown : `${key}.${shown}`;
}
