// A wheel -> the files of its unit, as an installation would leave them, without a path of any machine: modules and
// bytecode, programs, data, and a RECORD of what is there.
import { createHash } from 'node:crypto';
import { comparePaths, fileEntry, printable } from '@salver/core';
import type { PackEntry } from '@salver/core';
import { bytecodePath } from './bytecode.js';
import type { SourceModule } from './bytecode.js';
import { formatCsvRow } from './csv.js';
import { functionLauncher, parseEntryPoints, scriptLauncher } from './launcher.js';
import { VENV, isReserved, schemePlace, sitePackages } from './venv-layout.js';
import { wheelDamaged } from './wheel-archive.js';
import type { WheelArchive } from './wheel-archive.js';

export interface WheelEntriesOptions {
  readonly wheel: WheelArchive;
  readonly fileName: string;
  /** `3.11`. */
  readonly version: string;
  /** Paths that another unit of the release brings, with the same bytes. */
  readonly excluded: ReadonlySet<string>;
  /** Makes bytecode; paths are relative to site-packages. */
  readonly compile: (modules: readonly SourceModule[]) => Promise<ReadonlyMap<string, Buffer>>;
}

interface Placed {
  readonly bytes: Buffer;
  readonly executable: boolean;
}

/** Written to INSTALLER, which pip and others show. */
const INSTALLER = 'salver\n';

/** Files of the unit, sorted by path; directories are the links unit's. Throws E_WHEEL_DAMAGED, and what `compile` throws. */
export async function wheelEntries(options: WheelEntriesOptions): Promise<readonly PackEntry[]> {
  const { wheel, version, excluded } = options;
  const site = sitePackages(version);
  const placed = placeFiles(options);
  const modules = [...placed]
    .filter(([path]) => path.startsWith(`${site}/`) && path.endsWith('.py'))
    .map(([path, { bytes }]) => ({ path: path.slice(site.length + 1), bytes }));
  for (const [path, bytes] of await options.compile(modules)) {
    placed.set(`${site}/${bytecodePath(path, version)}`, { bytes, executable: false });
  }
  placed.set(`${site}/${wheel.distInfo}/INSTALLER`, { bytes: Buffer.from(INSTALLER), executable: false });
  placed.set(`${site}/${wheel.distInfo}/RECORD`, {
    bytes: recordOf(placed, { site, distInfo: wheel.distInfo }),
    executable: false,
  });
  return [...placed]
    .filter(([path]) => !excluded.has(path))
    .sort(([a], [b]) => comparePaths(a, b))
    .map(([path, { bytes, executable }]) => fileEntry(path, bytes, executable));
}

function placeFiles(options: WheelEntriesOptions): Map<string, Placed> {
  const { wheel, fileName } = options;
  const placed = new Map<string, Placed>();
  const put = (path: string, file: Placed): void => {
    if (isReserved(path))
      throw wheelDamaged(fileName, `it brings ${printable(path)}, which belongs to the interpreter`);
    if (placed.has(path)) throw wheelDamaged(fileName, `it brings ${printable(path)} twice`);
    placed.set(path, file);
  };
  for (const { path, executable } of wheel.files) {
    const bytes = wheel.read(path);
    const place = placeOf(path, options);
    if (place.isScript) placeScript(place.path, bytes, put);
    else {
      checkPathFile(place.path, bytes, fileName);
      put(place.path, { bytes, executable });
    }
  }
  const entryPoints = `${wheel.distInfo}/entry_points.txt`;
  if (wheel.files.some(({ path }) => path === entryPoints)) {
    for (const point of parseEntryPoints(wheel.read(entryPoints).toString('utf8'), fileName)) {
      const path = `${VENV}/bin/${point.name}`;
      // pip writes programs of entry points over scripts of the same name.
      placed.delete(path);
      put(path, { bytes: Buffer.from(functionLauncher(point)), executable: true });
    }
  }
  return placed;
}

function placeOf(
  path: string,
  { wheel, version, fileName }: WheelEntriesOptions,
): { readonly path: string; readonly isScript: boolean } {
  if (!path.startsWith(`${wheel.dataDirectory}/`)) {
    return { path: `${sitePackages(version)}/${path}`, isScript: false };
  }
  const inside = path.slice(wheel.dataDirectory.length + 1);
  const slash = inside.indexOf('/');
  const key = inside.slice(0, Math.max(0, slash));
  const place = schemePlace(key, version, projectName(wheel));
  if (place === undefined) throw wheelDamaged(fileName, `${printable(path)} is data of an unknown kind`);
  return { path: `${place}/${inside.slice(slash + 1)}`, isScript: key === 'scripts' };
}

/** As the project writes it, in METADATA: headers lie in a directory of this name. */
function projectName(wheel: WheelArchive): string {
  const { distInfo } = wheel;
  const name = /^Name:\s*(\S+)\s*$/im.exec(wheel.read(`${distInfo}/METADATA`).toString('utf8'))?.[1];
  return name !== undefined && /^[A-Za-z0-9._-]+$/.test(name)
    ? name
    : distInfo.replace(/-[^-]+\.dist-info$/, '');
}

/** Scripts for the interpreter get a launcher; others (shell, binaries) stay as they are. All are executable, whatever the system was on which the archive was made. */
function placeScript(path: string, bytes: Buffer, put: (path: string, file: Placed) => void): void {
  if (!/^#!python/.test(bytes.subarray(0, 8).toString('latin1')))
    return put(path, { bytes, executable: true });
  const name = path.slice(`${VENV}/bin/`.length);
  put(path, { bytes: Buffer.from(scriptLauncher(name)), executable: true });
  const body = bytes.subarray(Math.max(0, bytes.indexOf(0x0a)));
  put(`${VENV}/libexec/${name}`, {
    bytes: Buffer.concat([Buffer.from('#!/usr/bin/env python3'), body]),
    executable: false,
  });
}

/** `.pth` files change where modules come from: a path of another machine there, or a source tree, must not ship. */
function checkPathFile(path: string, bytes: Buffer, fileName: string): void {
  if (!path.endsWith('.pth') || path.split('/').length !== VENV_SITE_DEPTH) return;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isAbsolute = bytes
    .toString('utf8')
    .split(/\r?\n/)
    .some((line) => line.startsWith('/'));
  if (isAbsolute || name.startsWith('__editable__')) {
    throw wheelDamaged(fileName, `${printable(name)} points to a source tree, as editable installations do`);
  }
}

/** Components of `.venv/lib/python3.11/site-packages/x.pth`. */
const VENV_SITE_DEPTH = 5;

/** What an installer writes: every file with its hash, relative to site-packages; bytecode and itself without. */
function recordOf(
  placed: ReadonlyMap<string, Placed>,
  { site, distInfo }: { readonly site: string; readonly distInfo: string },
): Buffer {
  const rows = [...placed].map(([path, { bytes }]) => {
    const name = path.startsWith(`${site}/`)
      ? path.slice(site.length + 1)
      : `../../../${path.slice(VENV.length + 1)}`;
    if (path.endsWith('.pyc')) return [name, '', ''];
    return [name, `sha256=${createHash('sha256').update(bytes).digest('base64url')}`, String(bytes.length)];
  });
  rows.push([`${distInfo}/RECORD`, '', '']);
  rows.sort(([a = ''], [b = '']) => comparePaths(a, b));
  return Buffer.from(rows.map(formatCsvRow).join(''));
}
