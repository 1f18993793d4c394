// Python as a plug-in: from a project with a lock to finished units.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostGlibcVersion } from '@salver/core';
import type { Ecosystem, EcosystemContext, EcosystemPlan, PythonNeeds } from '@salver/core';
import { createBuildTree } from './build-tree.js';
import { isDjangoProject } from './django/django-project.js';
import { rankTags } from './choose-file.js';
import { collectUnits } from './collect-units.js';
import type { InstallPlan } from './install-plan.js';
import { findInterpreter } from './interpreter.js';
import type { Interpreter } from './interpreter.js';
import { findLockfile, findPythonProject } from './lockfile-location.js';
import type { PythonLock } from './python-lock.js';
import { readLockfile } from './read-lockfile.js';
import { leastVersion } from './specifier.js';
import { VENV } from './venv-layout.js';
import { supportedTags } from './wheel-tags.js';

/** Python's ecosystem: pylock.toml, requirements.txt with hashes, and uv.lock. */
export function createPythonEcosystem(): Ecosystem {
  return {
    name: 'Python',
    detect: ({ projectDir, python }) =>
      Promise.resolve(python.enabled === false ? undefined : (python.lock ?? findPythonProject(projectDir))),
    plan,
  };
}

async function plan(context: EcosystemContext): Promise<EcosystemPlan> {
  const { projectDir, target, python, cache, env } = context;
  const lockfile = findLockfile(projectDir, python.lock);
  const version = python.version ?? pinnedVersion(projectDir);
  const interpreter = await findInterpreter({ version, target, cache, env });
  const lock = await readLockfile(context, lockfile, interpreter);
  const installPlan: InstallPlan = {
    interpreter,
    tags: rankTags(tagsOf(interpreter, context)),
    lock,
    needs: needsOf(interpreter, lock.requiresPython),
  };
  const isDjango =
    python.django?.enabled !== false && isDjangoProject(projectDir) && hasPackage(lock, 'django');
  return {
    lockfile,
    requiredFiles: [lockfile],
    defaultBuild: [],
    hasLifecycle: false,
    hasFinish: true,
    servesApp: isDjango,
    ownedDirectories: [VENV],
    executablePaths: [],
    collectUnits: () => collectUnits(context, installPlan),
    layOut: (appDir, collected) =>
      createBuildTree({ context, plan: installPlan, appDir, collected, isDjango }),
  };
}

function hasPackage({ packages }: PythonLock, name: string): boolean {
  return packages.some((item) => item.name === name);
}

/** `.python-version`, which pyenv and uv read as well: its first line, as far as it names X.Y. */
function pinnedVersion(projectDir: string): string | undefined {
  const path = join(projectDir, '.python-version');
  if (!existsSync(path)) return undefined;
  return /^\s*(?:cpython-)?(3\.[0-9]+)/.exec(readFileSync(path, 'utf8'))?.[1];
}

function tagsOf(interpreter: Interpreter, { target, python }: EcosystemContext): readonly string[] {
  const { version, freeThreaded, machine } = interpreter;
  return supportedTags({
    minor: Number(version.slice('3.'.length)),
    freeThreaded,
    machine,
    libc: target.libc === 'musl' ? MUSL : glibcOf(python.glibc),
  });
}

/** musl has had one series for a decade. */
const MUSL = { family: 'musl', major: 1, minor: 2 } as const;
/** What is assumed where the builder's own cannot be found out: old enough for every host in use. */
const GLIBC_DEFAULT = '2.17';

/** The builder's own glibc unless the hosts have an older one. */
function glibcOf(configured: string | undefined): { family: 'glibc'; major: number; minor: number } {
  const [major = 2, minor = 17] = (configured ?? hostGlibcVersion() ?? GLIBC_DEFAULT).split('.').map(Number);
  return { family: 'glibc', major, minor };
}

function needsOf({ version, soabi }: Interpreter, requiresPython: string | undefined): PythonNeeds {
  const least = requiresPython === undefined ? undefined : leastVersion(requiresPython);
  const isPatch = least !== undefined && least.startsWith(`${version}.`);
  return { version, soabi, ...(isPatch ? { atLeast: least } : {}) };
}
