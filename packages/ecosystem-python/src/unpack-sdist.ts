// A source distribution, unpacked where it is built.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SalverError, pathProblem, printable } from '@salver/core';
import { ZipReader } from './zip-reader.js';

const ENTRIES_MAX = 200_000;
const BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** Unpacks and returns the directory of the project. Throws E_TARBALL_DAMAGED. */
export async function unpackSdist(
  path: string,
  {
    fileName,
    directory,
    subdirectory,
  }: { readonly fileName: string; readonly directory: string; readonly subdirectory: string | undefined },
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  try {
    if (/\.zip$/i.test(fileName)) unpackZip(path, directory);
    else await unpackTar(path, directory);
  } catch (error) {
    throw damaged(fileName, (error as Error).message, error);
  }
  const [top, ...others] = readdirSync(directory);
  if (top === undefined || others.length > 0)
    throw damaged(fileName, 'it does not hold exactly one directory');
  const project = join(directory, top, subdirectory ?? '');
  if (existsSync(join(project, 'pyproject.toml')) || existsSync(join(project, 'setup.py'))) return project;
  throw damaged(fileName, 'it has neither pyproject.toml nor setup.py');
}

/** The project's pyproject.toml; undefined when it has none. Throws E_TARBALL_DAMAGED. */
export async function readPyproject(
  path: string,
  { fileName, subdirectory }: { readonly fileName: string; readonly subdirectory: string | undefined },
): Promise<string | undefined> {
  const inside = `${subdirectory === undefined ? '' : `${subdirectory}/`}pyproject.toml`;
  const isWanted = (name: string): boolean => name.replace(/^(\.\/)?[^/]+\//, '') === inside;
  try {
    if (/\.zip$/i.test(fileName)) return readFromZip(path, isWanted);
    const { t: list } = await import('tar');
    const chunks: Buffer[] = [];
    await list({
      file: path,
      strict: true,
      filter: isWanted,
      onReadEntry: (entry) => entry.on('data', (chunk: Buffer) => chunks.push(chunk)),
    });
    return chunks.length === 0 ? undefined : Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw damaged(fileName, (error as Error).message, error);
  }
}

function readFromZip(path: string, isWanted: (name: string) => boolean): string | undefined {
  const zip = new ZipReader(path);
  try {
    const entry = zip.entries.find(({ name }) => isWanted(name));
    return entry === undefined ? undefined : zip.read(entry).toString('utf8');
  } finally {
    zip.close();
  }
}

/** The library keeps everything inside the directory; what it would only warn of is an error here. */
async function unpackTar(path: string, cwd: string): Promise<void> {
  const { x: extract } = await import('tar');
  let entries = 0;
  let bytes = 0;
  await extract({
    file: path,
    cwd,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    umask: 0o022,
    filter: (_, entry) => {
      entries += 1;
      bytes += 'size' in entry ? (entry.size ?? 0) : 0;
      if (entries > ENTRIES_MAX || bytes > BYTES_MAX) throw new Error('it is too large');
      return true;
    },
  });
}

function unpackZip(path: string, directory: string): void {
  const zip = new ZipReader(path);
  try {
    for (const entry of zip.entries) {
      if (entry.isDirectory) continue;
      const problem = pathProblem(entry.name);
      if (problem !== undefined) throw new Error(`the path ${printable(entry.name)} is refused: ${problem}`);
      const place = join(directory, entry.name);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, zip.read(entry), { mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755, flag: 'wx' });
    }
  } finally {
    zip.close();
  }
}

function damaged(fileName: string, why: string, cause?: unknown): SalverError {
  return new SalverError(
    'E_TARBALL_DAMAGED',
    `${printable(fileName)} cannot be unpacked: ${printable(why)}`,
    {
      hint: 'report it to its author, and lock another version meanwhile',
      ...(cause === undefined ? {} : { cause }),
      facts: { fileName: printable(fileName) },
    },
  );
}
