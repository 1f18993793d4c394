// Raw members -> an artifact whose digests, checksums, lengths and layout are all true, so that nothing but the
// reader's own rules can refuse it. Each edit changes one level and everything around it is computed anew.
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import { formatTarget, hostTarget } from '@salver/core';
import { directory, file } from './tar-part.js';
import type { TarPart } from './tar-part.js';

/** A parsed JSON document on its way into an artifact; edits may make anything of it. */
export type Json = Record<string, unknown>;

export interface SealedUnit {
  readonly kind?: string;
  readonly name?: string;
  readonly path?: string;
  readonly members: readonly (readonly TarPart[])[];
}

export interface SealEdits {
  /** Changes the manifest before it is written. */
  readonly manifest?: (manifest: Json) => unknown;
  /** Changes the manifest's text. */
  readonly manifestText?: (text: string) => string | Buffer;
  readonly layout?: (layout: Json) => unknown;
  readonly layoutText?: (text: string) => string | Buffer;
  readonly sourceText?: (text: string) => string | Buffer;
  /** Changes the parts of the head's tar. */
  readonly headParts?: (parts: readonly TarPart[]) => readonly TarPart[];
  /** Changes the whole head member. */
  readonly headMember?: (member: Buffer) => Buffer;
  /** Changes the stored members before the layout is made of them. */
  readonly stored?: (members: readonly Buffer[]) => readonly Buffer[];
  readonly tail?: Buffer;
}

const PLAIN_HEADER = Buffer.from('1f8b08000000000000ff', 'hex');
/** 1,024 zero bytes, compressed, as the format writes them. */
export const TAIL = Buffer.from('1f8b08000000000000ff63601805a360148c5400002eafb5ef00040000', 'hex');

/** One app unit of one member, and edits. */
export function sealed(parts: readonly TarPart[], edits: SealEdits = {}): Buffer {
  return sealUnits([{ members: [parts] }], edits);
}

/** One app unit of several members, and edits. */
export function sealedMembers(members: readonly (readonly TarPart[])[], edits: SealEdits = {}): Buffer {
  return sealUnits([{ members }], edits);
}

/** Units with true counts and digests, and edits. */
export function sealUnits(units: readonly SealedUnit[], edits: SealEdits = {}): Buffer {
  const raws = units.flatMap(({ members }) => members.map((parts) => bytesOf(parts)));
  const stored = (edits.stored ?? same)(raws.map((raw) => gzipMember(raw)));
  const manifest = (edits.manifest ?? same)(manifestOf(units));
  const layout = (edits.layout ?? same)({
    format: 1,
    members: stored.map((member) => [member.length, crc32(member)]),
  });
  const parts = (edits.headParts ?? same)([
    directory('.salver'),
    file('.salver/layout.json', (edits.layoutText ?? same)(canonical(layout))),
    file('.salver/manifest.json', (edits.manifestText ?? same)(canonical(manifest))),
    file('.salver/source.json', (edits.sourceText ?? same)('{"format":1}')),
  ]);
  const head = (edits.headMember ?? same)(headMember(bytesOf(parts)));
  return Buffer.concat([head, ...stored, edits.tail ?? TAIL]);
}

function manifestOf(units: readonly SealedUnit[]): Json {
  return {
    format: 1,
    name: 'hostile',
    version: '6.6.6',
    target: formatTarget(hostTarget()),
    needs: {},
    host: {},
    units: units.map(({ kind = 'app', name = 'app', path = '', members }) => ({
      kind,
      name,
      path,
      entries: total(members, (part) => part.entries),
      sizeBytes: total(members, (part) => part.sizeBytes),
      members: members.map((parts) => memberRow(bytesOf(parts))),
    })),
  };
}

/** What a manifest says of a member. */
export function memberRow(raw: Buffer): [number, string] {
  return [raw.length, createHash('sha256').update(raw).digest('hex')];
}

function total(members: SealedUnit['members'], of: (part: TarPart) => number): number {
  return members.flat().reduce((sum, part) => sum + of(part), 0);
}

function bytesOf(parts: readonly TarPart[]): Buffer {
  return Buffer.concat(parts.map(({ bytes }) => bytes));
}

/** A content member as the format stores it. */
export function gzipMember(raw: Buffer): Buffer {
  return Buffer.concat([PLAIN_HEADER, deflateRawSync(raw, { level: 6 }), trailer(raw)]);
}

/** A head member as the format stores it. */
export function headMember(raw: Buffer): Buffer {
  return headMemberOf(deflateRawSync(raw, { level: 6 }), trailer(raw));
}

/** A head member of any deflate stream and trailer; its header tells the truth about the stream. */
export function headMemberOf(deflated: Buffer, end: Buffer): Buffer {
  const start = Buffer.alloc(26);
  Buffer.from('1f8b08040000000000ff0e0053560a000100', 'hex').copy(start);
  start.writeUInt32LE(start.length + deflated.length + end.length, 18);
  start.writeUInt32LE(crc32(deflated), 22);
  return Buffer.concat([start, deflated, end]);
}

function trailer(raw: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc32(raw), 0);
  bytes.writeUInt32LE(raw.length, 4);
  return bytes;
}

/** JSON with sorted keys and no white space. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const record = value as Json;
  const pairs = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`);
  return `{${pairs.join(',')}}`;
}

function same<T>(value: T): T {
  return value;
}
