// Programs in `.venv/bin`. A release is moved, linked to and reached through `current`, so no program may name a path:
// each one finds the real place of itself, and starts the interpreter beside it. A process that starts through `current`
// therefore stays in the release it started from.
import { SalverError, printable } from '@salver/core';

/** A function that a wheel offers as a program. */
export interface EntryPoint {
  readonly name: string;
  readonly module: string;
  /** Dotted. */
  readonly attribute: string;
}

const SECTIONS: ReadonlySet<string> = new Set(['console_scripts', 'gui_scripts']);
const NAME = /^[A-Za-z0-9._-]+$/;
const DOTTED = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Programs named by `entry_points.txt`. Throws E_WHEEL_DAMAGED for names that cannot be files. */
export function parseEntryPoints(text: string, fileName: string): readonly EntryPoint[] {
  const points = new Map<string, EntryPoint>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue;
    const header = /^\[([^\]]*)\]$/.exec(trimmed)?.[1];
    if (header !== undefined) {
      section = header.trim();
      continue;
    }
    if (!SECTIONS.has(section)) continue;
    const [, name = '', module = '', attribute = ''] =
      /^([^=:]+?)\s*[=:]\s*([^:\s]+)\s*:\s*([^[\s]+)/.exec(trimmed) ?? [];
    if (!NAME.test(name) || !DOTTED.test(module) || !DOTTED.test(attribute)) throw refused(trimmed, fileName);
    points.set(name, { name, module, attribute });
  }
  return [...points.values()];
}

function refused(line: string, fileName: string): SalverError {
  return new SalverError(
    'E_WHEEL_DAMAGED',
    `the wheel ${printable(fileName)} is refused: no program can be made of ${printable(line)}`,
    {
      hint: 'report it to its author, and lock another version meanwhile',
      facts: { fileName: printable(fileName) },
    },
  );
}

/** A program that is at once a shell script and a Python script: the shell part starts the Python part. */
export function functionLauncher({ module, attribute }: EntryPoint): string {
  const [first = ''] = attribute.split('.');
  return `#!/bin/sh
''':'
self=$(realpath -- "$0") || exit 127
exec "\${self%/*}/python" "$self" "$@"
' '''
import sys
from ${module} import ${first}
if __name__ == '__main__':
    sys.exit(${attribute}())
`;
}

/**
 * Starts a Python script that lies in `.venv/libexec`. Scripts of others cannot carry a shell part themselves: one with
 * both a doc string and a `__future__` import would break.
 */
export function scriptLauncher(name: string): string {
  return `#!/bin/sh
self=$(realpath -- "$0") || exit 127
bin=\${self%/*}
exec "$bin/python" "\${bin%/*}/libexec/${name}" "$@"
`;
}
