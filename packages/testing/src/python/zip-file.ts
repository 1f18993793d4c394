// Zip files, true or false: every field of an entry can be a lie. Written without the reader's code on purpose.
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly data?: string | Buffer;
  /** Unix mode with its type; default a plain file, 0644. */
  readonly mode?: number;
  /** Lies about what is stored. */
  readonly crc?: number;
  readonly statedBytes?: number;
  /** Name in the local header, where it differs. */
  readonly localName?: string;
  readonly method?: number;
  readonly flags?: number;
  /** Points the entry at the bytes of another one. */
  readonly sharesWith?: number;
}

const FILE_MODE = 0o100644;
const FLAG_UTF8 = 0x800;

export function zipFile(parts: readonly ZipPart[], comment = ''): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const part of parts) {
    const { local, central, stored } = encode(part);
    const own = part.sharesWith === undefined ? offset : (offsets[part.sharesWith] ?? 0);
    offsets.push(own);
    central.writeUInt32LE(own, 42);
    directory.push(central);
    if (part.sharesWith !== undefined) continue;
    bodies.push(local, stored);
    offset += local.length + stored.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...bodies, list, end, Buffer.from(comment)]);
}

function encode(part: ZipPart): {
  readonly local: Buffer;
  readonly central: Buffer;
  readonly stored: Buffer;
} {
  const data = Buffer.from(part.data ?? '');
  const method = part.method ?? 8;
  const stored = method === 8 ? deflateRawSync(data) : data;
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(part.flags ?? FLAG_UTF8, 2);
  fields.writeUInt16LE(method, 4);
  // 1 January 1980: the first date of the format.
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(part.crc ?? crc32(data), 10);
  fields.writeUInt32LE(stored.length, 14);
  fields.writeUInt32LE(part.statedBytes ?? data.length, 18);
  const name = Buffer.from(part.name);
  const localName = Buffer.from(part.localName ?? part.name);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, localName]);
  local.writeUInt16LE(localName.length, 26);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x03', 'latin1'),
    fields,
    Buffer.alloc(14),
    name,
  ]);
  central.writeUInt16LE(name.length, 28);
  central.writeUInt16LE(part.mode ?? FILE_MODE, 40);
  return { local, central, stored };
}
