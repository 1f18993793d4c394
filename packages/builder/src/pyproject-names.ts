// Name and version of a Python project, for projects without a package.json that says them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';

const PYPROJECT = 'pyproject.toml';

/** From `[project]`; empty where there is none, or where they are dynamic. Throws E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function readPyprojectNames(projectDir: string): {
  readonly name?: unknown;
  readonly version?: unknown;
} {
  let text: string;
  try {
    text = readFileSync(join(projectDir, PYPROJECT), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw fileSystemError(error, `cannot read ${PYPROJECT}`);
  }
  try {
    const { project } = parse(text) as { readonly project?: unknown };
    return typeof project === 'object' && project !== null ? project : {};
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0] ?? '';
    throw new SalverError('E_CONFIG_INVALID', `${PYPROJECT} is not TOML: ${printable(reason)}`, {
      hint: 'mend it; tools of Python do not read it either',
      cause: error,
      facts: { file: PYPROJECT },
    });
  }
}
