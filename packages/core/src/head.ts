// The head of an artifact: manifest, layout and source label in one member (docs/format.md section 4).
import { canonicalJson, parseCanonicalJson } from './canonical-json.js';
import { sha256Hex } from './digest.js';
import type { Entry } from './entry.js';
import { SalverError } from './errors.js';
import {
  HEAD_GZIP_HEADER_BYTES,
  TAIL_MEMBER,
  decodeHeadMember,
  encodeHeadMember,
  headMemberBytes,
} from './gzip-member.js';
import { HEAD_RAW_BYTES_MAX } from './limits.js';
import type { Layout, Manifest, SourceLabel } from './manifest.js';
import { parseLayout, parseManifest, parseSourceLabel } from './parse-manifest.js';
import type { ArtifactSource } from './source.js';
import { encodeEntryHeader, paddingBytes, parseEntryHeader } from './tar-header.js';

/** Everything the head says, checked. */
export interface ArtifactHead {
  readonly manifest: Manifest;
  /** The manifest's bytes exactly as in the file; their sha256 is `id`. */
  readonly manifestBytes: Buffer;
  /** Release id: 64 hex digits. */
  readonly id: string;
  readonly layout: Layout;
  readonly label: SourceLabel;
  /** The three files' bytes by path, as an installer writes them. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Length of the head member: where the first content member begins. */
  readonly headBytes: number;
}

const HEAD_DIRECTORY = '.salver';
const LAYOUT_PATH = '.salver/layout.json';
const MANIFEST_PATH = '.salver/manifest.json';
const SOURCE_PATH = '.salver/source.json';

/** The canonical bytes of a manifest and their sha256: the release id. */
export function serializeManifest(manifest: Manifest): { readonly bytes: Buffer; readonly id: string } {
  const bytes = canonicalJson(manifest);
  return { bytes, id: sha256Hex(bytes) };
}

/** The head member as it lies in the file. `manifestBytes` are those of {@link serializeManifest}. */
export function encodeHead(parts: {
  readonly manifestBytes: Buffer;
  readonly layout: Layout;
  readonly label: SourceLabel;
}): Buffer {
  return encodeHeadMember(
    encodeHeadRaw([
      [LAYOUT_PATH, canonicalJson(parts.layout)],
      [MANIFEST_PATH, parts.manifestBytes],
      [SOURCE_PATH, canonicalJson(parts.label)],
    ]),
  );
}

function encodeHeadRaw(files: readonly (readonly [path: string, bytes: Buffer])[]): Buffer {
  const base: Omit<Entry, 'path' | 'kind' | 'sizeBytes'> = { executable: false, linkTarget: '' };
  const parts = [encodeEntryHeader({ ...base, path: HEAD_DIRECTORY, kind: 'directory', sizeBytes: 0 })];
  for (const [path, bytes] of files) {
    const header = encodeEntryHeader({ ...base, path, kind: 'file', sizeBytes: bytes.length });
    parts.push(header, bytes, Buffer.alloc(paddingBytes(bytes.length)));
  }
  return Buffer.concat(parts);
}

/** How much is read at first: brings the whole head of most artifacts with one read. */
export const HEAD_FIRST_READ_BYTES = 128 * 1024;

/**
 * Reads and checks the head. Also checks that the layout's lengths and the tail fill the file exactly.
 * Throws E_ARTIFACT_DAMAGED, E_ARTIFACT_TRUNCATED, E_ARTIFACT_HOSTILE, E_FORMAT_UNKNOWN, E_MANIFEST_INVALID.
 */
export function readHead(source: ArtifactSource): ArtifactHead {
  // A source that brings has the head, whatever its size, and what else came with it.
  const firstBytes = source.bring === undefined ? HEAD_FIRST_READ_BYTES : HEAD_GZIP_HEADER_BYTES;
  const start = source.readSync(0, Math.min(firstBytes, source.sizeBytes));
  const headBytes = headMemberBytes(start);
  if (headBytes + TAIL_MEMBER.length > source.sizeBytes) throw truncated(source);
  const stored = headBytes <= start.length ? start.subarray(0, headBytes) : source.readSync(0, headBytes);
  const head = parseHead(stored);
  const contentBytes = head.layout.members.reduce((sum, [bytes]) => sum + bytes, 0);
  const expected = headBytes + contentBytes + TAIL_MEMBER.length;
  if (expected > source.sizeBytes) throw truncated(source);
  if (expected < source.sizeBytes) {
    throw new SalverError(
      'E_ARTIFACT_DAMAGED',
      `${source.description} has ${source.sizeBytes - expected} bytes too many`,
    );
  }
  // The tail says nothing that the lengths do not; one request more for it alone would be waste.
  if (source.bring === undefined) checkTail(source, headBytes + contentBytes);
  return head;
}

function truncated(source: ArtifactSource): SalverError {
  return new SalverError(
    'E_ARTIFACT_TRUNCATED',
    `${source.description} is cut off after ${source.sizeBytes} bytes`,
    {
      hint: 'copy or download the artifact again',
    },
  );
}

function checkTail(source: ArtifactSource, offset: number): void {
  if (!source.readSync(offset, TAIL_MEMBER.length).equals(TAIL_MEMBER)) {
    throw new SalverError('E_ARTIFACT_DAMAGED', `${source.description} has a wrong end`, {
      hint: 'copy or download the artifact again',
    });
  }
}

/** Checks a whole head member and reads what it says. Throws as {@link readHead}. */
export function parseHead(stored: Buffer): ArtifactHead {
  const headBytes = headMemberBytes(stored.subarray(0, HEAD_GZIP_HEADER_BYTES));
  if (headBytes !== stored.length) {
    throw new SalverError(
      'E_ARTIFACT_DAMAGED',
      `the head has ${stored.length} bytes and states ${headBytes}`,
    );
  }
  const raw = decodeHeadMember(stored, HEAD_RAW_BYTES_MAX);
  const files = readHeadFiles(raw);
  const manifestBytes = fileOf(files, MANIFEST_PATH);
  const manifest = parseManifest(parseCanonicalJson(manifestBytes, 'the manifest'));
  const layout = parseLayout(parseCanonicalJson(fileOf(files, LAYOUT_PATH), 'the layout'), manifest);
  const label = parseSourceLabel(parseCanonicalJson(fileOf(files, SOURCE_PATH), 'the source label'));
  return { manifest, manifestBytes, id: sha256Hex(manifestBytes), layout, label, files, headBytes };
}

function readHeadFiles(raw: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let offset = 0;
  while (offset < raw.length && files.size < 4) {
    const { entry, headerBytes } = parseEntryHeader(raw, offset);
    offset += headerBytes;
    if (entry.kind === 'file') files.set(entry.path, raw.subarray(offset, offset + entry.sizeBytes));
    offset += entry.sizeBytes + paddingBytes(entry.sizeBytes);
  }
  const expected = [LAYOUT_PATH, MANIFEST_PATH, SOURCE_PATH].map(
    (path) => [path, fileOf(files, path)] as const,
  );
  // Encoding again proves order, kinds, modes and padding, and that nothing else is in the head.
  if (!encodeHeadRaw(expected).equals(raw)) {
    throw new SalverError('E_ARTIFACT_HOSTILE', 'the head does not have the exact form the format asks for');
  }
  return files;
}

function fileOf(files: ReadonlyMap<string, Buffer>, path: string): Buffer {
  const bytes = files.get(path);
  if (bytes === undefined) {
    throw new SalverError('E_ARTIFACT_HOSTILE', `the head lacks ${path}`);
  }
  return bytes;
}
