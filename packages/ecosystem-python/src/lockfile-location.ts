// Which file of a project is Python's lock, and what to say about those that are not.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError } from '@salver/core';
import { hasHashes } from './requirements-file.js';
import { UV_LOCK } from './uv-lock.js';

export const PYLOCK = 'pylock.toml';
export const REQUIREMENTS = 'requirements.txt';

/** Locks of other tools, with the command that turns each into one that is read. */
const FOREIGN_LOCKS: Readonly<Record<string, string>> = {
  'poetry.lock': 'poetry export --only main -o requirements.txt (with the plug-in poetry-plugin-export)',
  'pdm.lock': 'pdm export --prod -f pylock -o pylock.toml',
  'Pipfile.lock': 'pipenv requirements --hash > requirements.txt',
};

/**
 * What makes Python responsible for a project, or undefined. A requirements.txt beside a package.json may be some
 * tool's; it counts when it has hashes, or Django is there.
 */
export function findPythonProject(projectDir: string): string | undefined {
  const has = (name: string): boolean => existsSync(join(projectDir, name));
  for (const name of [PYLOCK, UV_LOCK]) if (has(name)) return name;
  const isOtherwiseClaimed = has('package.json') && !has('manage.py');
  if (has(REQUIREMENTS)) {
    return isOtherwiseClaimed && !hasHashes(readFileSync(join(projectDir, REQUIREMENTS), 'utf8'))
      ? undefined
      : REQUIREMENTS;
  }
  const foreign = Object.keys(FOREIGN_LOCKS).find(has);
  if (foreign !== undefined) return foreign;
  if (has('manage.py')) return 'manage.py';
  return isOtherwiseClaimed ? undefined : ['pyproject.toml', 'setup.py'].find(has);
}

/** The lock to read. `configured` is `python.lock` of the configuration. Throws E_LOCK_MISSING, E_LOCK_UNSUPPORTED. */
export function findLockfile(projectDir: string, configured: string | undefined): string {
  if (configured !== undefined) {
    if (existsSync(join(projectDir, configured))) return configured;
    throw new SalverError(
      'E_LOCK_MISSING',
      `there is no ${configured}, which python.lock in the configuration names`,
      {
        hint: 'correct the path; it is relative to the project',
        facts: { lockfile: configured },
      },
    );
  }
  const found = findPythonProject(projectDir);
  if (found === PYLOCK || found === UV_LOCK || found === REQUIREMENTS) return found;
  const command = found === undefined ? undefined : FOREIGN_LOCKS[found];
  if (found !== undefined && command !== undefined) {
    throw new SalverError('E_LOCK_UNSUPPORTED', `${found} is not read: its format belongs to its tool`, {
      hint: `commit an export beside it: ${command}`,
      facts: { lockfile: found },
    });
  }
  throw new SalverError(
    'E_LOCK_MISSING',
    `the project has ${found ?? 'no'} ${found === undefined ? 'lock' : 'but no lock'}`,
    {
      hint: 'make one: `uv lock`, `pip lock`, or `pip-compile --generate-hashes -o requirements.txt`',
    },
  );
}
