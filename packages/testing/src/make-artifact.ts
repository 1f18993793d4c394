// Real artifacts for tests, made with core's own writer from a plain description of their content.
import { crc32 } from 'node:zlib';
import {
  FORMAT_NUMBER,
  TAIL_MEMBER,
  encodeHead,
  formatTarget,
  hostTarget,
  packEntries,
  serializeManifest,
} from '@salver/core';
import type {
  ArtifactSource,
  LayoutRow,
  Manifest,
  MemberRow,
  PackEntry,
  Unit,
  UnitAssets,
} from '@salver/core';

/** Content of one file, or what stands in its place. A string or Buffer is a plain file. */
export type FileContent =
  | string
  | Buffer
  | { readonly data: string | Buffer; readonly executable: boolean }
  | { readonly linkTo: string }
  | { readonly directory: true };

/** Paths (from the top of the release) and what lies there. Directories above them are added. */
export type ArtifactFiles = Readonly<Record<string, FileContent>>;

export interface MakeArtifactOptions {
  readonly name?: string;
  readonly version?: string;
  readonly target?: string;
  readonly needs?: Manifest['needs'];
  readonly host?: Manifest['host'];
  readonly commit?: string;
  /** Paths that are units of their own, e.g. `node_modules/a`; the rest is one app unit. */
  readonly unitPaths?: readonly string[];
  /** Directories of static files, units of their own as well, with what their units say. */
  readonly assets?: Readonly<Record<string, UnitAssets>>;
}

export interface MadeArtifact {
  /** The whole artifact file. */
  readonly bytes: Buffer;
  readonly id: string;
  readonly manifest: Manifest;
}

/** Builds an artifact in memory. */
export async function makeArtifact(
  files: ArtifactFiles,
  options: MakeArtifactOptions = {},
): Promise<MadeArtifact> {
  const entries = toEntries(files);
  const stored: Buffer[] = [];
  const units: Unit[] = [];
  const assets = options.assets ?? {};
  for (const [path, own] of groupByUnit(entries, [...(options.unitPaths ?? []), ...Object.keys(assets)])) {
    if (own.length === 0) continue;
    const unit = await packUnit(path, own, stored);
    const facts = assets[path];
    units.push(facts === undefined ? unit : { ...unit, kind: 'assets', assets: facts });
  }
  const manifest: Manifest = {
    format: FORMAT_NUMBER,
    name: options.name ?? 'app',
    version: options.version ?? '1.0.0',
    target: options.target ?? formatTarget(hostTarget()),
    needs: options.needs ?? {},
    host: options.host ?? {},
    units,
  };
  return { ...assembleArtifact(manifest, stored, options.commit), manifest };
}

/** Puts an artifact together from a manifest and the stored form of its members, true or not. */
export function assembleArtifact(
  manifest: Manifest,
  stored: readonly Buffer[],
  commit?: string,
): { readonly bytes: Buffer; readonly id: string } {
  const members = stored.map((member): LayoutRow => [member.length, crc32(member)]);
  const label = { format: FORMAT_NUMBER, ...(commit === undefined ? {} : { commit }) } as const;
  const { id, bytes: manifestBytes } = serializeManifest(manifest);
  const head = encodeHead({ manifestBytes, layout: { format: FORMAT_NUMBER, members }, label });
  return { bytes: Buffer.concat([head, ...stored, TAIL_MEMBER]), id };
}

/** An artifact in memory as a source; counts nothing, closes nothing. */
export function memorySource(bytes: Buffer, description = 'memory'): ArtifactSource {
  return {
    description,
    sizeBytes: bytes.length,
    readSync: (offset, length) => Buffer.from(bytes.subarray(offset, offset + length)),
    close: () => undefined,
  };
}

async function packUnit(path: string, entries: readonly PackEntry[], stored: Buffer[]): Promise<Unit> {
  const members: MemberRow[] = [];
  const totals = await packEntries(entries, {
    onMember: (member) => {
      members.push([member.rawBytes, member.rawDigest]);
      stored.push(member.stored);
    },
  });
  const isApp = path === '';
  return { kind: isApp ? 'app' : 'npm', name: isApp ? 'app' : path, path, ...totals, members };
}

/** Each entry goes to the deepest unit that holds it; the app unit comes last. */
function groupByUnit(
  entries: readonly PackEntry[],
  unitPaths: readonly string[],
): ReadonlyMap<string, readonly PackEntry[]> {
  const groups = new Map<string, PackEntry[]>([...unitPaths, ''].map((path) => [path, []]));
  for (const entry of entries) {
    let place = entry.path;
    while (!groups.has(place)) place = place.slice(0, Math.max(0, place.lastIndexOf('/')));
    groups.get(place)?.push(entry);
  }
  return groups;
}

function toEntries(files: ArtifactFiles): readonly PackEntry[] {
  const entries = new Map<string, PackEntry>();
  for (const [path, content] of Object.entries(files)) {
    const components = path.split('/');
    for (let depth = 1; depth < components.length; depth += 1) {
      const parent = components.slice(0, depth).join('/');
      if (!entries.has(parent)) entries.set(parent, toEntry(parent, { directory: true }));
    }
    entries.set(path, toEntry(path, content));
  }
  return [...entries.values()];
}

function toEntry(path: string, content: FileContent): PackEntry {
  const base = { path, executable: false, sizeBytes: 0, linkTarget: '' };
  const noData = (): Uint8Array => Buffer.alloc(0);
  if (typeof content === 'object' && 'directory' in content) {
    return { ...base, kind: 'directory', readSync: noData };
  }
  if (typeof content === 'object' && 'linkTo' in content) {
    return { ...base, kind: 'symlink', linkTarget: content.linkTo, readSync: noData };
  }
  const isPlain = typeof content === 'string' || Buffer.isBuffer(content);
  const data = Buffer.from(isPlain ? content : content.data);
  const executable = isPlain ? false : content.executable;
  const readSync = (offset: number, length: number): Uint8Array => data.subarray(offset, offset + length);
  return { ...base, kind: 'file', executable, sizeBytes: data.length, readSync };
}
