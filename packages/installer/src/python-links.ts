// What a host adds to a release with Python: links to its interpreter and pyvenv.cfg, nothing else (docs/format.md
// section 6). They depend on the host, so they are in no artifact; they are made before the release gets its name, tried,
// and compared like everything else when a release is verified.
import {
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { SalverError, errnoOf, printable } from '@salver/core';
import type { PythonNeeds } from '@salver/core';
import { rethrowFileError } from './file-errors.js';
import { askPython } from './host-python.js';
import type { PythonFacts } from './host-python.js';

/** Where the environment lies in a release. */
const VENV = '.venv';
const CONFIG = `${VENV}/pyvenv.cfg`;

/** Paths of what the host adds; none for a release without Python. */
export function pythonLinkPaths(needs: PythonNeeds | undefined): readonly string[] {
  if (needs === undefined) return [];
  return [`${VENV}/bin/python`, `${VENV}/bin/python3`, interpreterLink(needs), CONFIG];
}

/** `.venv/bin/python3.11`: the one link that leaves the release. */
function interpreterLink({ version }: PythonNeeds): string {
  return `${VENV}/bin/python${version}`;
}

/**
 * Links the interpreter in a staged release, and runs it once: it must find its own modules from there.
 * Throws E_NEEDS_UNMET, E_ARTIFACT_HOSTILE, E_DISK_FULL, E_FILE_SYSTEM.
 */
export function linkPython(tree: string, needs: PythonNeeds, python: PythonFacts): void {
  const bin = `${tree}/${VENV}/bin`;
  if (lstatSync(bin, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw hostile(`${VENV}/bin`, 'is no directory');
  try {
    for (const name of ['python', 'python3']) symlinkSync(`python${needs.version}`, `${bin}/${name}`);
    // A build that is reached through a link may find its modules only from where it really lies.
    for (const place of new Set([python.path, realpathSync(python.path)])) {
      symlinkSync(place, `${tree}/${interpreterLink(needs)}`);
      writeFileSync(`${tree}/${CONFIG}`, configFor(place, needs), { flag: 'wx', mode: 0o644 });
      if (findsItself(bin, python)) return;
      for (const path of [interpreterLink(needs), CONFIG]) unlinkSync(`${tree}/${path}`);
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw hostile(VENV, 'brings what only a host may add');
    rethrowFileError(error, `cannot link ${printable(python.path)}`);
  }
  throw unfit(`${python.path} does not run through a link`);
}

/** Its own modules only: code of the release does not run during an installation. */
function findsItself(bin: string, { version, library }: PythonFacts): boolean {
  const found = askPython(`${bin}/python`);
  return found?.version === version && (library === undefined || found.library === library);
}

/** `home` must be absolute: a relative one is taken from the working directory. */
function configFor(interpreter: string, { version }: PythonNeeds): string {
  return `home = ${dirname(interpreter)}\ninclude-system-site-packages = false\nversion = ${version}\n`;
}

/** Those of {@link pythonLinkPaths} that are not as {@link linkPython} makes them. */
export function changedPythonLinks(tree: string, needs: PythonNeeds | undefined): readonly string[] {
  if (needs === undefined) return [];
  const target = linkAt(`${tree}/${interpreterLink(needs)}`);
  return pythonLinkPaths(needs).filter((path) => {
    if (path === interpreterLink(needs)) return target === undefined || !isAbsolute(target);
    if (path === CONFIG) return textAt(`${tree}/${path}`) !== configFor(target ?? '', needs);
    return linkAt(`${tree}/${path}`) !== `python${needs.version}`;
  });
}

/** What keeps the release's interpreter from running, found out without running it; undefined when it is there. */
export function pythonLinkProblem(tree: string, needs: PythonNeeds | undefined): string | undefined {
  if (needs === undefined || existsSync(`${tree}/${interpreterLink(needs)}`)) return undefined;
  const target = linkAt(`${tree}/${interpreterLink(needs)}`);
  return target === undefined
    ? `${interpreterLink(needs)} is missing`
    : `${printable(target)}, the Python of the release, is not there any more`;
}

/** Throws E_NEEDS_UNMET where {@link pythonLinkProblem} finds something. */
export function checkPythonLink(tree: string, needs: PythonNeeds | undefined): void {
  const problem = pythonLinkProblem(tree, needs);
  if (problem !== undefined) throw unfit(problem);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function textAt(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function unfit(problem: string): SalverError {
  return new SalverError('E_NEEDS_UNMET', `this host cannot run the release: ${problem}`, {
    hint: 'install that Python again, or name another one of the same version in config/python and install the release again',
    facts: { unmet: [problem] },
  });
}

function hostile(path: string, why: string): SalverError {
  return new SalverError('E_ARTIFACT_HOSTILE', `"${path}" is refused: it ${why}`, {
    hint: 'do not use this file: build the release again and compare who wrote it',
    facts: { path },
  });
}
