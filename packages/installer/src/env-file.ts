// ROOT/config/env: settings and secrets of this host, in the form of systemd's EnvironmentFile, so that one file
// serves units and `salver-host run` alike. Rules: KEY=VALUE lines; lines that begin with # or ; are comments;
// '…' is literal; in "…" a backslash takes away the meaning of " \ ` $ and of a line's end; outside quotes it
// takes the meaning of any character; nothing is expanded.
import { readFileSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ENV_FILE_BYTES_MAX = 1024 * 1024;

/** Reads an environment file; a missing one is empty. Throws E_CONFIG_INVALID (with the line), E_FILE_SYSTEM. */
export function readEnvFile(path: string): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw fileSystemError(error, `cannot read ${path}`);
  }
  if (text.length > ENV_FILE_BYTES_MAX) throw invalid(path, 1, 'the file is larger than 1 MiB');
  return parseEnvFile(text, path);
}

/** The assignments of an environment file; a later one wins. Throws E_CONFIG_INVALID: values are never shown. */
export function parseEnvFile(text: string, path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const reader = new EnvReader(text.replace(/\r\n/g, '\n'));
  while (!reader.atEnd) {
    const start = reader.position;
    const name = reader.readName();
    if (name === undefined) continue;
    if (!NAME.test(name)) throw invalid(path, reader.lineAt(start), 'expected NAME=value');
    const value = reader.readValue();
    if (value === undefined)
      throw invalid(path, reader.lineAt(start), `the value of ${name} has a quote that is not closed`);
    if (value.includes('\0'))
      throw invalid(path, reader.lineAt(start), `the value of ${name} holds a NUL byte`);
    values.set(name, value);
  }
  return values;
}

class EnvReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  get position(): number {
    return this.#position;
  }

  /** Number of the line of a position, from 1. Counted only for an error: it reads all that is before. */
  lineAt(position: number): number {
    return this.#text.slice(0, position).split('\n').length;
  }

  /** Reads up to and including `=`. Undefined for an empty or comment line; empty when the line has no `=`. */
  readName(): string | undefined {
    const end = this.#lineEnd();
    const line = this.#text.slice(this.#position, end);
    if (/^\s*($|[#;])/.test(line)) {
      this.#position = end + 1;
      return undefined;
    }
    const equals = line.indexOf('=');
    this.#position += equals === -1 ? line.length + 1 : equals + 1;
    return equals === -1 ? '' : line.slice(0, equals).trim();
  }

  /** Reads to the end of the assignment. Undefined when a quote is not closed. */
  readValue(): string | undefined {
    let value = '';
    // Spaces between words count only when something follows.
    let spaces = '';
    while (!this.atEnd) {
      const character = this.#next();
      if (character === '\n') break;
      if (character === ' ' || character === '\t') {
        spaces += value === '' ? '' : character;
        continue;
      }
      const part = this.#part(character);
      if (part === undefined) return undefined;
      value += spaces + part;
      spaces = '';
    }
    return value;
  }

  #part(character: string): string | undefined {
    if (character === "'") return this.#singleQuoted();
    if (character === '"') return this.#doubleQuoted();
    if (character !== '\\') return character;
    const escaped = this.#next();
    return escaped === '\n' ? '' : escaped;
  }

  #singleQuoted(): string | undefined {
    const end = this.#text.indexOf("'", this.#position);
    if (end === -1) return undefined;
    const part = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return part;
  }

  #doubleQuoted(): string | undefined {
    let part = '';
    while (!this.atEnd) {
      const character = this.#next();
      if (character === '"') return part;
      if (character !== '\\') {
        part += character;
        continue;
      }
      const escaped = this.#next();
      if (escaped === '\n') continue;
      part += '"\\`$'.includes(escaped) ? escaped : `\\${escaped}`;
    }
    return undefined;
  }

  #next(): string {
    const character = this.#text[this.#position] ?? '';
    this.#position += 1;
    return character;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#position);
    return end === -1 ? this.#text.length : end;
  }
}

function invalid(path: string, line: number, why: string): SalverError {
  return new SalverError('E_CONFIG_INVALID', `${path} line ${line}: ${why}`, {
    hint: 'write NAME=value lines, as for EnvironmentFile of systemd',
    facts: { path, line },
  });
}
