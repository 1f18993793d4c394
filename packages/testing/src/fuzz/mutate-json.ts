// Changes of JSON values: other types, edges of ranges, keys added, taken and doubled. Text is changed last, and
// rarely, because most such changes only fail to parse.
import { canonical } from '../hostile/seal.js';
import { mutateBytes } from './mutate-bytes.js';
import type { Random } from './random.js';

const VALUES: readonly unknown[] = [
  0,
  1,
  -1,
  2,
  1024,
  2 ** 20,
  2 ** 20 + 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  1.5,
  '',
  'a',
  '../x',
  '/a',
  '.salver',
  'a/b',
  '__proto__',
  '\u202e',
  '\ud800',
  '0'.repeat(64),
  'x'.repeat(300),
  true,
  false,
  null,
  [],
  {},
  [1, 2],
  { format: 1 },
];
const KEYS = [
  'format',
  'name',
  'units',
  'members',
  'shared',
  'env',
  '__proto__',
  'constructor',
  'x',
  'path',
  'kind',
];

/** The text of a changed document, canonical most of the time. */
export function mutateJson(document: unknown, random: Random): Buffer {
  let value = structuredClone(document);
  for (let count = 1 + random.below(3); count > 0; count -= 1) value = changed(value, random, 0);
  const text = Buffer.from(random.once(12) ? JSON.stringify(value) : canonical(value));
  return random.once(6) ? mutateBytes(text, random) : text;
}

function changed(value: unknown, random: Random, depth: number): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  if (!isContainer || random.once(depth === 0 ? 40 : 6)) return otherValue(value, random);
  if (Array.isArray(value)) return changedList(value, random, depth);
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  const action = random.below(8);
  if (action === 0 || keys.length === 0) put(record, random.pick(KEYS), random.pick(VALUES));
  else if (action === 1) delete record[random.pick(keys)];
  else {
    const key = random.pick(keys);
    put(record, key, changed(record[key], random, depth + 1));
  }
  return record;
}

function changedList(list: unknown[], random: Random, depth: number): unknown[] {
  const at = random.below(list.length + 1);
  const action = random.below(6);
  if (action === 0 || list.length === 0) list.splice(at, 0, random.pick(VALUES));
  else if (action === 1) list.splice(at, 1);
  else if (action === 2) list.splice(at, 0, structuredClone(random.pick(list)));
  else if (at < list.length) list[at] = changed(list[at], random, depth + 1);
  return list;
}

function otherValue(value: unknown, random: Random): unknown {
  if (typeof value === 'number' && random.once(2)) return value + random.pick([-1, 1, 512, -512]);
  if (typeof value === 'string' && random.once(2)) {
    return mutateBytes(Buffer.from(value), random).toString(random.once(4) ? 'latin1' : 'utf8');
  }
  return random.pick(VALUES);
}

/** Assigning would set the prototype for one of the keys. */
function put(record: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}
