// Tarballs made in tests, block by block, so that they can be as odd or hostile as any publisher's.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

export interface TarDoubleEntry {
  readonly path: string;
  readonly data?: string | Buffer;
  readonly mode?: number;
  /** Type flag; `0` by default. */
  readonly type?: string;
  readonly linkPath?: string;
  /** Size the header states instead of the real one. */
  readonly statedSize?: number;
  /** ustar prefix field. */
  readonly prefix?: string;
  /** Replaces the checksum. */
  readonly checksum?: string;
  /** Size in base-256 instead of octal. */
  readonly binarySize?: boolean;
}

/** A gzipped tarball with these entries. */
export function tarball(entries: readonly TarDoubleEntry[]): Buffer {
  return gzipSync(rawTar(entries));
}

/** A package's tarball: its files below `package/`, a package.json among them. */
export function packageTarball(
  manifest: Readonly<Record<string, unknown>>,
  files: Readonly<
    Record<string, string | Buffer | { readonly data: string | Buffer; readonly mode: number }>
  > = {},
): Buffer {
  return tarball([
    { path: 'package/package.json', data: JSON.stringify(manifest) },
    ...Object.entries(files).map(([path, content]) =>
      typeof content === 'string' || Buffer.isBuffer(content)
        ? { path: `package/${path}`, data: content }
        : { path: `package/${path}`, ...content },
    ),
  ]);
}

/** The tar without compression. `end` blocks close it. */
export function rawTar(entries: readonly TarDoubleEntry[], endBlocks = 2): Buffer {
  return Buffer.concat([...entries.map(rawEntry), Buffer.alloc(endBlocks * BLOCK)]);
}

/** A PAX extended header for the entry behind it. */
export function paxEntry(fields: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): TarDoubleEntry {
  const data = Object.entries(fields)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      const size = Buffer.byteLength(rest);
      const digits = String(size + String(size).length).length;
      return `${size + digits}${rest}`;
    })
    .join('');
  return { path: 'PaxHeader/x', type, data };
}

/** A GNU record with the long name of the entry behind it. */
export function gnuLongName(path: string): TarDoubleEntry {
  return { path: '././@LongLink', type: 'L', data: `${path}\0` };
}

/** SRI string of bytes. */
export function sri(bytes: Buffer, algorithm = 'sha512'): string {
  return `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
}

function rawEntry(entry: TarDoubleEntry): Buffer {
  const data = Buffer.from(entry.data ?? '');
  const size = entry.statedSize ?? data.length;
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path, 0, 100);
  block.write((entry.mode ?? 0o644).toString(8).padStart(7, '0'), 100);
  block.write('0000000', 108);
  block.write('0000000', 116);
  if (entry.binarySize === true) {
    block[124] = 0x80;
    block.writeUIntBE(size, 130, 6);
  } else {
    block.write(size.toString(8).padStart(11, '0'), 124);
  }
  block.write('00000000000', 136);
  block.write('        ', 148);
  block.write(entry.type ?? '0', 156);
  block.write(entry.linkPath ?? '', 157, 100);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(entry.prefix ?? '', 345, 130);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(entry.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}
