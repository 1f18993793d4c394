// Environment markers (`python_version >= "3.9" and sys_platform == "linux"`): read and decided as the `packaging`
// library does (dependency specifiers in the packaging specifications; lock files: PEP 751).
import { SalverError, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import { parseSpecifier, satisfies } from './specifier.js';

/** Values of the interpreter that will run the app, by variable; sets for those only lock files have. */
export interface MarkerEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  readonly extras: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

type Operand = { readonly variable: string } | { readonly literal: string };

/** A marker, parsed. */
export type Marker =
  | { readonly any: readonly Marker[] }
  | { readonly all: readonly Marker[] }
  | { readonly left: Operand; readonly operator: string; readonly right: Operand };

/** Variables that hold sets of names. */
const SET_VARIABLES: ReadonlySet<string> = new Set(['extras', 'dependency_groups']);
/** Variables that compare as versions where the other side is one. */
const VERSION_VARIABLES: ReadonlySet<string> = new Set([
  'implementation_version',
  'platform_release',
  'python_full_version',
  'python_version',
]);
const VARIABLES: ReadonlySet<string> = new Set([
  ...SET_VARIABLES,
  ...VERSION_VARIABLES,
  'implementation_name',
  'os_name',
  'platform_machine',
  'platform_python_implementation',
  'platform_system',
  'platform_version',
  'sys_platform',
  'extra',
]);
/** Spellings of old. */
const ALIASES: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};
/** The kernel of the machine that builds says nothing about the host's. */
const UNKNOWABLE: ReadonlySet<string> = new Set(['platform_release', 'platform_version']);

const TOKEN = /\s*(?:(\(|\))|('[^']*'|"[^"]*")|(===|==|~=|!=|<=|>=|<|>)|([A-Za-z_][A-Za-z0-9_.]*))/y;
const DEPTH_MAX = 100;

/** Reads a marker. Throws E_LOCK_INVALID. */
export function parseMarker(text: string): Marker {
  return new MarkerParser(text).parse();
}

interface Token {
  readonly kind: 'bracket' | 'text' | 'operator' | 'word' | 'end';
  readonly text: string;
}

class MarkerParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #next: Token;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#read();
  }

  parse(): Marker {
    const marker = this.#any();
    if (this.#next.kind !== 'end') throw this.#wrong();
    return marker;
  }

  #any(): Marker {
    const markers = [this.#all()];
    while (this.#takeWord('or')) markers.push(this.#all());
    return markers.length === 1 ? (markers[0] as Marker) : { any: markers };
  }

  #all(): Marker {
    const markers = [this.#one()];
    while (this.#takeWord('and')) markers.push(this.#one());
    return markers.length === 1 ? (markers[0] as Marker) : { all: markers };
  }

  #one(): Marker {
    if (this.#next.text === '(' && this.#next.kind === 'bracket') {
      if ((this.#depth += 1) > DEPTH_MAX) throw this.#wrong();
      this.#take();
      const inner = this.#any();
      if (this.#take().text !== ')') throw this.#wrong();
      this.#depth -= 1;
      return inner;
    }
    const left = this.#operand();
    const operator = this.#operator();
    const right = this.#operand();
    if ('literal' in left && 'literal' in right) throw this.#wrong();
    return { left, operator, right };
  }

  #operand(): Operand {
    const token = this.#take();
    if (token.kind === 'text') return { literal: token.text.slice(1, -1) };
    const variable = ALIASES[token.text] ?? token.text;
    if (token.kind !== 'word' || !VARIABLES.has(variable)) throw this.#wrong();
    return { variable };
  }

  #operator(): string {
    const token = this.#take();
    if (token.kind === 'operator' || (token.kind === 'word' && token.text === 'in')) return token.text;
    if (token.kind === 'word' && token.text === 'not' && this.#takeWord('in')) return 'not in';
    throw this.#wrong();
  }

  #takeWord(word: string): boolean {
    if (this.#next.kind !== 'word' || this.#next.text !== word) return false;
    this.#take();
    return true;
  }

  #take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  #read(): Token {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) {
      if (this.#text.slice(this.#at).trim() !== '') throw this.#wrong();
      return { kind: 'end', text: '' };
    }
    this.#at = TOKEN.lastIndex;
    const [, bracket, quoted, operator, word] = match;
    if (bracket !== undefined) return { kind: 'bracket', text: bracket };
    if (quoted !== undefined) return { kind: 'text', text: quoted };
    return operator === undefined ? { kind: 'word', text: word ?? '' } : { kind: 'operator', text: operator };
  }

  #wrong(): SalverError {
    return invalid(this.#text, 'it is no marker');
  }
}

/**
 * Decides a marker. Throws E_LOCK_INVALID for comparisons that mean nothing, and E_LOCK_UNSUPPORTED for variables that
 * only the host will have a value for.
 */
export function evaluateMarker(marker: Marker, environment: MarkerEnvironment): boolean {
  if ('any' in marker) return marker.any.map((one) => evaluateMarker(one, environment)).includes(true);
  if ('all' in marker) return !marker.all.map((one) => evaluateMarker(one, environment)).includes(false);
  const { left, operator, right } = marker;
  if ('variable' in right && SET_VARIABLES.has(right.variable)) {
    return contains(valueOf(left, environment), operator, right.variable, environment);
  }
  const name = 'variable' in left ? left.variable : 'variable' in right ? right.variable : '';
  if (SET_VARIABLES.has(name)) throw meaningless(marker);
  return compare(valueOf(left, environment), operator, valueOf(right, environment), name, marker);
}

function contains(name: string, operator: string, variable: string, environment: MarkerEnvironment): boolean {
  const set = variable === 'extras' ? environment.extras : environment.groups;
  const isIn = set.has(canonicalName(name));
  if (operator === 'in') return isIn;
  if (operator === 'not in') return !isIn;
  throw invalid(`${operator} ${variable}`, 'a set can only be asked whether something is in it');
}

function valueOf(operand: Operand, { variables }: MarkerEnvironment): string {
  if ('literal' in operand) return operand.literal;
  const { variable } = operand;
  if (UNKNOWABLE.has(variable)) {
    throw new SalverError(
      'E_LOCK_UNSUPPORTED',
      `a marker of the lock asks for ${variable}, which only a host knows`,
      {
        hint: 'lock without this marker: the release must be the same for every host of its target',
        facts: { variable },
      },
    );
  }
  // `extra` is empty where nothing was chosen.
  return variables[variable] ?? '';
}

function compare(left: string, operator: string, right: string, name: string, marker: Marker): boolean {
  if (VERSION_VARIABLES.has(name)) {
    const specifier = parseSpecifier(`${operator}${right}`);
    if (specifier !== undefined) return satisfies(left, [specifier]);
  }
  switch (operator) {
    case 'in':
      return right.includes(left);
    case 'not in':
      return !right.includes(left);
    case '==':
    case '<=':
    case '>=':
      return sameText(left, right, name);
    case '!=':
      return !sameText(left, right, name);
    case '<':
    case '>':
      return false;
    default:
      throw meaningless(marker);
  }
}

function sameText(left: string, right: string, name: string): boolean {
  return name === 'extra' ? canonicalName(left) === canonicalName(right) : left === right;
}

function meaningless(marker: Marker): SalverError {
  return invalid(JSON.stringify(marker), 'the comparison means nothing');
}

function invalid(text: string, why: string): SalverError {
  return new SalverError(
    'E_LOCK_INVALID',
    `the lock has a marker that is refused: ${printable(text)}: ${why}`,
    {
      hint: 'make the lock again with the tool it came from',
      facts: { marker: printable(text) },
    },
  );
}
