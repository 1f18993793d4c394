// Wheels and source distributions for tests: real ones, made in memory, with room for every lie.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { encodeEntryHeader, paddingBytes } from '@salver/core';
import { zipFile } from './zip-file.js';
import type { ZipPart } from './zip-file.js';

export interface WheelSpec {
  readonly name: string;
  readonly version?: string;
  /** Default `py3-none-any`. */
  readonly tag?: string;
  /** Path -> content; what begins with `.data/` goes into the data directory, with `.dist-info/` into that one. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Paths that are executable in the archive. */
  readonly executable?: readonly string[];
  /** `name = module:function`, one a line. */
  readonly scripts?: string;
  /** Lines of METADATA beyond name and version. */
  readonly metadata?: string;
  /** Changes RECORD before it is written. */
  readonly record?: (text: string) => string;
  /** Entries beyond the files, not in RECORD. */
  readonly extra?: readonly ZipPart[];
  /** Changes entries before they are zipped. */
  readonly parts?: (parts: readonly ZipPart[]) => readonly ZipPart[];
}

export interface MadePackage {
  readonly fileName: string;
  readonly bytes: Buffer;
  /** Hex digits. */
  readonly sha256: string;
}

export function makeWheel(spec: WheelSpec): MadePackage {
  const { name, version = '1.0', tag = 'py3-none-any' } = spec;
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  const info = `${stem}.dist-info`;
  const files = new Map<string, string | Buffer>();
  for (const [path, content] of Object.entries(spec.files ?? {})) {
    files.set(path.replace(/^\.data\//, `${stem}.data/`).replace(/^\.dist-info\//, `${info}/`), content);
  }
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${spec.metadata ?? ''}`;
  if (!files.has(`${info}/METADATA`)) files.set(`${info}/METADATA`, metadata);
  if (!files.has(`${info}/WHEEL`)) {
    const isPure = tag.endsWith('-none-any');
    files.set(
      `${info}/WHEEL`,
      `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: ${isPure}\nTag: ${tag}\n`,
    );
  }
  if (spec.scripts !== undefined)
    files.set(`${info}/entry_points.txt`, `[console_scripts]\n${spec.scripts}\n`);
  const rows = [...files].map(
    ([path, content]) => `${path},sha256=${urlDigest(content)},${Buffer.byteLength(content)}\n`,
  );
  const record = `${rows.join('')}${info}/RECORD,,\n`;
  const executable = new Set(spec.executable);
  const parts: ZipPart[] = [
    ...[...files].map(([path, data]) => ({
      name: path,
      data,
      mode: executable.has(path) ? 0o100755 : 0o100644,
    })),
    { name: `${info}/RECORD`, data: spec.record?.(record) ?? record },
    ...(spec.extra ?? []),
  ];
  return made(`${stem}-${tag}.whl`, zipFile(spec.parts?.(parts) ?? parts));
}

export interface SdistSpec {
  readonly name: string;
  readonly version?: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A `.tar.gz` as `python -m build --sdist` names it. */
export function makeSdist({ name, version = '1.0', files }: SdistSpec): MadePackage {
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  const blocks: Buffer[] = [];
  for (const [path, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    const entry = {
      path: `${stem}/${path}`,
      kind: 'file',
      executable: false,
      sizeBytes: data.length,
      linkTarget: '',
    } as const;
    blocks.push(encodeEntryHeader(entry), data, Buffer.alloc(paddingBytes(data.length)));
  }
  blocks.push(Buffer.alloc(1024));
  return made(`${stem}.tar.gz`, gzipSync(Buffer.concat(blocks)));
}

function made(fileName: string, bytes: Buffer): MadePackage {
  return { fileName, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function urlDigest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}
