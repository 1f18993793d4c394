// Pieces of tar archives, true or false: every header field can be set to any bytes. Written without the code of
// core on purpose, so that a mistake there is not repeated here.

/** Some bytes of an archive, and what a manifest that tells the truth says of them. */
export interface TarPart {
  readonly bytes: Buffer;
  /** Entries, long-name records not counted. */
  readonly entries: number;
  /** Bytes of file data. */
  readonly sizeBytes: number;
}

/** Fields of a header block. What is left out is as the format asks for. */
export interface HeaderFields {
  readonly mode?: string | Buffer;
  readonly uid?: string | Buffer;
  readonly gid?: string | Buffer;
  /** The size that is stated: a number, or the field's 12 bytes. Default: the length of the data. */
  readonly size?: number | string | Buffer;
  readonly mtime?: string | Buffer;
  /** The field's 8 bytes. Default: the right sum. */
  readonly checksum?: string | Buffer;
  readonly type?: string;
  readonly link?: string | Buffer;
  /** Magic and version, 8 bytes. */
  readonly magic?: string | Buffer;
  readonly user?: string;
  readonly group?: string;
  readonly devMajor?: string;
  /** From byte 345 on. */
  readonly prefix?: string | Buffer;
  readonly data?: string | Buffer;
  /** What stands in for the zeros after the data. */
  readonly padding?: Buffer;
}

const BLOCK_BYTES = 512;
const CHECKSUM_OFFSET = 148;

/** A regular file. */
export function file(name: string | Buffer, data: string | Buffer = '', fields: HeaderFields = {}): TarPart {
  return part(name, { data, ...fields }, 1);
}

/** A directory; the slash at the end is added. */
export function directory(name: string, fields: HeaderFields = {}): TarPart {
  return part(`${name}/`, { mode: '0000755', type: '5', ...fields }, 1);
}

/** A symbolic link. */
export function symlink(name: string | Buffer, link: string | Buffer, fields: HeaderFields = {}): TarPart {
  return part(name, { mode: '0000777', type: '2', link, ...fields }, 1);
}

/** A record that says something of the next entry: `L`, `K`, `x`, `g`, … */
export function record(
  type: string,
  data: string | Buffer,
  fields: HeaderFields & { name?: string } = {},
): TarPart {
  return { ...part(fields.name ?? '././@LongLink', { type, data, ...fields }, 0), sizeBytes: 0 };
}

/** A GNU long name for the next entry, as the format asks for. */
export function longName(name: string | Buffer): TarPart {
  return record('L', Buffer.concat([Buffer.from(name), Buffer.alloc(1)]));
}

/** As longName, for the target of a link. */
export function longLink(target: string | Buffer): TarPart {
  return record('K', Buffer.concat([Buffer.from(target), Buffer.alloc(1)]));
}

/** One pax record: `LENGTH KEY=VALUE\n`, the length counting itself. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}

/** A pax header for the next entry. */
export function pax(records: Readonly<Record<string, string>> | string | Buffer, type = 'x'): TarPart {
  const isText = typeof records === 'string' || Buffer.isBuffer(records);
  const data = isText
    ? records
    : Object.entries(records)
        .map(([key, value]) => paxRecord(key, value))
        .join('');
  return record(type, data, { name: 'PaxHeader/x', magic: 'ustar\x0000' });
}

/** Any bytes. */
export function rawBytes(bytes: Buffer, entries = 0): TarPart {
  return { bytes, entries, sizeBytes: 0 };
}

function part(name: string | Buffer, fields: HeaderFields, entries: number): TarPart {
  const data = Buffer.from(fields.data ?? '');
  const rest = (BLOCK_BYTES - (data.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const padding = fields.padding ?? Buffer.alloc(rest);
  return {
    bytes: Buffer.concat([header(name, fields, data), data, padding]),
    entries,
    sizeBytes: data.length,
  };
}

/** One header block. */
export function header(name: string | Buffer, fields: HeaderFields, data: Buffer = Buffer.alloc(0)): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const { size = data.length } = fields;
  put(block, name, 0, 100);
  put(block, fields.mode ?? '0000644', 100, 8);
  put(block, fields.uid ?? '0000000', 108, 8);
  put(block, fields.gid ?? '0000000', 116, 8);
  put(block, typeof size === 'number' ? size.toString(8).padStart(11, '0') : size, 124, 12);
  put(block, fields.mtime ?? '03560116604', 136, 12);
  put(block, fields.type ?? '0', 156, 1);
  put(block, fields.link ?? '', 157, 100);
  put(block, fields.magic ?? 'ustar  ', 257, 8);
  put(block, fields.user ?? '', 265, 32);
  put(block, fields.group ?? '', 297, 32);
  put(block, fields.devMajor ?? '', 329, 8);
  put(block, fields.prefix ?? '', 345, 155);
  put(block, fields.checksum ?? `${checksumOf(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_OFFSET, 8);
  return block;
}

/** Sum of a header's bytes, its checksum field taken as spaces. */
export function checksumOf(block: Buffer): number {
  const sum = (bytes: Buffer): number => bytes.reduce((total, byte) => total + byte, 0);
  return sum(block) - sum(block.subarray(CHECKSUM_OFFSET, CHECKSUM_OFFSET + 8)) + 8 * 0x20;
}

function put(block: Buffer, value: string | Buffer, offset: number, length: number): void {
  Buffer.from(value).copy(block, offset, 0, length);
}
