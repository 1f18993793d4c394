// Small checkers for parsed JSON of hostile origin. Each takes a value and the place it came from, returns the
// value in its checked type, and throws a ShapeError that names the place.

/** Why a JSON value is not of the expected shape. */
export class ShapeError extends Error {
  /** Keys from the top, e.g. `units.3.members`. */
  readonly place: string;
  /** True when a key is unknown: probably a newer version wrote it. */
  readonly unknownKey: boolean;

  constructor(place: string, problem: string, unknownKey = false) {
    super(`${place === '' ? 'the document' : place} ${problem}`);
    this.place = place;
    this.unknownKey = unknownKey;
  }
}

/** Checks one value; `place` is its key path. */
export type Shape<T> = (value: unknown, place: string) => T;

function below(place: string, key: string | number): string {
  return place === '' ? String(key) : `${place}.${key}`;
}

const STRING_CHARACTERS_MAX = 16 * 1024;

/** A string, optionally of a form. Empty ones only with `pattern` that allows them. */
export function text(pattern?: RegExp): Shape<string> {
  return (value, place) => {
    if (typeof value !== 'string' || value.length > STRING_CHARACTERS_MAX)
      throw new ShapeError(place, 'must be a string');
    if (pattern === undefined ? value === '' : !pattern.test(value))
      throw new ShapeError(place, 'has a value that is not allowed');
    return value;
  };
}

export function integer(min: number, max: number): Shape<number> {
  return (value, place) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new ShapeError(place, `must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export const flag: Shape<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw new ShapeError(place, 'must be true or false');
  return value;
};

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, place) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new ShapeError(place, `must be one of ${choices.join(', ')}`);
    return found;
  };
}

export function listOf<T>(item: Shape<T>, max: number): Shape<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length > max)
      throw new ShapeError(place, `must be a list of at most ${max}`);
    return value.map((element, index) => item(element, below(place, index)));
  };
}

export function mapOf<T>(key: RegExp, item: Shape<T>, max: number): Shape<Readonly<Record<string, T>>> {
  return (value, place) => {
    const entries = Object.entries(plainObject(value, place));
    if (entries.length > max) throw new ShapeError(place, `must have at most ${max} keys`);
    // No prototype: a key called __proto__ is data like any other.
    const checked = Object.create(null) as Record<string, T>;
    for (const [name, element] of entries) {
      if (!key.test(name)) throw new ShapeError(below(place, name), 'is a key that is not allowed');
      checked[name] = item(element, below(place, name));
    }
    return checked;
  };
}

type ShapesOf<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/** An object with exactly these keys; those in `optional` may be absent. */
export function object<T extends object>(
  shapes: ShapesOf<T>,
  optional: readonly (keyof T & string)[] = [],
): Shape<T> {
  const known = Object.entries<Shape<unknown>>(shapes);
  return (value, place) => {
    const given = plainObject(value, place);
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(shapes, key))
        throw new ShapeError(below(place, key), 'is a key this version does not know', true);
    }
    const checked: Record<string, unknown> = {};
    for (const [key, shape] of known) {
      if (Object.hasOwn(given, key)) checked[key] = shape(given[key], below(place, key));
      else if (!(optional as readonly string[]).includes(key))
        throw new ShapeError(below(place, key), 'is missing');
    }
    return checked as T;
  };
}

function plainObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ShapeError(place, 'must be an object');
  return value as Record<string, unknown>;
}
