// The project's lock, whatever its format, as the packages of one interpreter.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileSystemError } from '@salver/core';
import type { EcosystemContext } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import type { Interpreter } from './interpreter.js';
import type { MarkerEnvironment } from './marker.js';
import { parsePylock } from './pylock-file.js';
import type { PythonLock } from './python-lock.js';
import { readRequirementsFile } from './requirements-file.js';
import { UV_LOCK, exportUvLock } from './uv-lock.js';

/** Throws what the readers of the formats throw. */
export async function readLockfile(
  context: EcosystemContext,
  lockfile: string,
  interpreter: Interpreter,
): Promise<PythonLock> {
  const { extras = [], groups = [] } = context.python;
  const environment: MarkerEnvironment = {
    variables: interpreter.variables,
    extras: new Set(extras.map(canonicalName)),
    groups: new Set(groups.map(canonicalName)),
  };
  if (basename(lockfile) === UV_LOCK) {
    const text = await exportUvLock(context, { extras, groups });
    // uv has chosen extras and groups: the export has no markers about them.
    return parsePylock({ lockfile, text, environment });
  }
  if (/^pylock(\..+)?\.toml$/.test(basename(lockfile))) {
    return parsePylock({ lockfile, text: readText(context.projectDir, lockfile), environment });
  }
  return readRequirementsFile({ projectDir: context.projectDir, lockfile, environment, env: context.env });
}

function readText(projectDir: string, lockfile: string): string {
  try {
    return readFileSync(join(projectDir, lockfile), 'utf8');
  } catch (error) {
    throw fileSystemError(error, `cannot read ${lockfile}`);
  }
}
