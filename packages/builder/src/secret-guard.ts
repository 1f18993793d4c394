// Keeps secrets out of releases: the app's own files are checked by name, by content, and for the values of
// secret-looking environment variables of the build. The build fails and names the place; the secret itself
// is never printed.
import { SalverError, printable } from '@salver/core';
import type { PackEntry, Progress } from '@salver/core';
import picomatch from 'picomatch';
import type { SecretException } from './load-config.js';
import { CONTENT_RULES, NAME_RULES } from './secret-rules.js';
import { secretValues } from './secret-values.js';
import type { SecretValue } from './secret-values.js';

export interface SecretGuardOptions {
  readonly allow: readonly SecretException[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears of exceptions that are not needed; leave it out when these are not all files. */
  readonly progress?: Progress;
}

/** Something found: where, and by which rule. */
interface Finding {
  readonly path: string;
  /** Counted from 1; undefined when the file's name alone is the reason. */
  readonly line: number | undefined;
  readonly rule: string;
}

/** How much of a file is looked at at once, and how much of it again with the next piece. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const OVERLAP_BYTES = 64 * 1024;
const NAMED_FILE_BYTES_MAX = 1024 * 1024;
const FINDINGS_SHOWN_MAX = 20;

/**
 * Looks through all files. Throws E_SECRET_FOUND with file, line and rule of what it found; the facts have all
 * findings. Files that the configuration allows are passed over.
 */
export function guardSecrets(entries: readonly PackEntry[], options: SecretGuardOptions): void {
  const exceptions = options.allow.map(({ path }) => ({
    path,
    matches: picomatch(path, { dot: true }),
    isUsed: false,
  }));
  const values = secretValues(options.env);
  const findings: Finding[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    const finding = findByName(entry) ?? findInContent(entry, values);
    if (finding === undefined) continue;
    const exception = exceptions.find(({ matches }) => matches(entry.path));
    if (exception === undefined) findings.push(finding);
    else exception.isUsed = true;
  }
  if (findings.length > 0) throw secretFound(findings);
  for (const { path, isUsed } of exceptions) {
    if (!isUsed) options.progress?.warn(`secrets.allow names ${printable(path)}, but nothing is found there`);
  }
}

function findByName(entry: PackEntry): Finding | undefined {
  const { path } = entry;
  for (const { rule, pattern, accepts } of NAME_RULES) {
    if (!pattern.test(path)) continue;
    if (accepts !== undefined && accepts(beginning(entry))) continue;
    return { path, line: undefined, rule };
  }
  return undefined;
}

function beginning(entry: PackEntry): string {
  return toBuffer(entry.readSync(0, Math.min(entry.sizeBytes, NAMED_FILE_BYTES_MAX))).toString('latin1');
}

/** Overlapping windows: memory is bounded, and no secret is cut in two. */
function findInContent(entry: PackEntry, values: readonly SecretValue[]): Finding | undefined {
  let linesBefore = 0;
  for (let start = 0; start < entry.sizeBytes; start += WINDOW_BYTES) {
    const length = Math.min(WINDOW_BYTES + OVERLAP_BYTES, entry.sizeBytes - start);
    const window = toBuffer(entry.readSync(start, length));
    const hit = findInWindow(window, values);
    if (hit !== undefined) {
      return { path: entry.path, line: linesBefore + countLines(window, hit.position) + 1, rule: hit.rule };
    }
    linesBefore += countLines(window, Math.min(WINDOW_BYTES, window.length));
  }
  return undefined;
}

interface Hit {
  readonly position: number;
  readonly rule: string;
}

/** Searching for the anchors as bytes is fast; only where one stands the pattern is tried, on text. */
function findInWindow(window: Buffer, values: readonly SecretValue[]): Hit | undefined {
  for (const { variable, forms } of values) {
    for (const form of forms) {
      const position = window.indexOf(form);
      if (position !== -1)
        return { position, rule: `value of the environment variable ${printable(variable)}` };
    }
  }
  let content: string | undefined;
  for (const { rule, anchors, pattern } of CONTENT_RULES) {
    if (!anchors.some((anchor) => window.includes(anchor, 0, 'latin1'))) continue;
    content ??= window.toString('latin1');
    const match = pattern.exec(content);
    if (match !== null) return { position: match.index, rule };
  }
  return undefined;
}

function countLines(bytes: Buffer, end: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1 && at < end; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function secretFound(findings: readonly Finding[]): SalverError {
  const places = findings.map(({ path, line, rule }) => {
    return `${printable(path)}${line === undefined ? '' : `:${line}`}: ${rule}`;
  });
  const shown = places.slice(0, FINDINGS_SHOWN_MAX);
  const more = places.length > shown.length ? ` (and ${places.length - shown.length} more)` : '';
  const what = findings.length === 1 ? 'a secret' : `${findings.length} secrets`;
  return new SalverError('E_SECRET_FOUND', `${what} would get into the release: ${shown.join('; ')}${more}`, {
    hint: 'leave the file out (.salverignore, files.exclude), or add it with a reason to secrets.allow in salver.json',
    facts: { findings: shown },
  });
}
