// The static files of an artifact as objects: their keys, their headers, and their bytes straight from its members.
import { createHash } from 'node:crypto';
import {
  assetPath,
  createSha256,
  hasContentHash,
  plainFormOf,
  readUnitEntries,
  storedMembers,
} from '@salver/core';
import type { ArtifactHead, ArtifactSource, ObjectContent, PackEntry, Unit, UnitAssets } from '@salver/core';
import { contentTypeOf } from './content-type.js';
import { IMMUTABLE } from './file-content.js';

/** One static file. */
export interface Asset {
  /** In the store. */
  readonly key: string;
  /** In the release, for messages. */
  readonly path: string;
  readonly entry: PackEntry;
  /** Other content has another name: it may be kept for ever, and is never replaced. */
  readonly isImmutable: boolean;
  /** A compressed form: what it is worth is decided by the file it is a form of. */
  readonly isForm: boolean;
  readonly headers: Pick<ObjectContent, 'contentType' | 'cacheControl' | 'contentEncoding'>;
}

/** The content of an asset, read once to know its digests. */
export interface AssetContent extends ObjectContent {
  /** Hex; empty where MD5 is forbidden. */
  readonly md5: string;
}

/** All static files of a release, those first whose names never change: others refer to them. */
export function releaseAssets(source: ArtifactSource, head: ArtifactHead): readonly Asset[] {
  const assets = unitSources(source, head).flatMap(({ unit, facts, members }) => {
    const entries = readUnitEntries({ key: unit.name, ...members }).filter(({ kind }) => kind === 'file');
    const paths = new Set(entries.map(({ path }) => path));
    return entries.map((entry) => assetOf(entry, { path: unit.path, facts, paths }));
  });
  return [...assets.filter((each) => each.isImmutable), ...assets.filter((each) => !each.isImmutable)];
}

function unitSources(
  source: ArtifactSource,
  head: ArtifactHead,
): readonly {
  readonly unit: Unit;
  readonly facts: UnitAssets;
  readonly members: Omit<Parameters<typeof readUnitEntries>[0], 'key'>;
}[] {
  const stored = storedMembers(head);
  let next = 0;
  return head.manifest.units.flatMap((unit) => {
    const places = stored.slice(next, next + unit.members.length);
    next += unit.members.length;
    if (unit.assets === undefined) return [];
    const members = unit.members.map(([rawBytes, rawDigest], index) => ({
      rawBytes,
      rawDigest,
      storedBytes: places[index]?.storedBytes ?? 0,
      storedCrc32: places[index]?.crc32 ?? 0,
    }));
    const readMemberSync = (index: number): Buffer =>
      source.readSync(places[index]?.offset ?? 0, places[index]?.storedBytes ?? 0);
    return [{ unit, facts: unit.assets, members: { members, readMemberSync } }];
  });
}

function assetOf(
  entry: PackEntry,
  unit: { readonly path: string; readonly facts: UnitAssets; readonly paths: ReadonlySet<string> },
): Asset {
  const plain = plainFormOf(entry.path, unit.paths);
  const name = plain?.path ?? entry.path;
  const isImmutable = unit.facts.immutable ?? hasContentHash(name);
  return {
    key: assetPath({ path: unit.path, url: unit.facts.url }, entry.path),
    path: entry.path,
    entry,
    isImmutable,
    isForm: plain !== undefined,
    headers: {
      contentType: contentTypeOf(name),
      cacheControl: isImmutable ? IMMUTABLE : 'no-cache',
      ...(plain === undefined ? {} : { contentEncoding: plain.encoding }),
    },
  };
}

const PIECE_BYTES = 1024 * 1024;

/** Reads the asset once. Throws E_ARTIFACT_DAMAGED, E_DIGEST_MISMATCH. */
export function assetContent({ entry, headers }: Asset): AssetContent {
  const sha256 = createSha256();
  const md5 = md5OrNone();
  for (const piece of pieces(entry)) {
    sha256.update(piece);
    md5?.update(piece);
  }
  return {
    ...headers,
    sizeBytes: entry.sizeBytes,
    sha256: sha256.digestHex(),
    md5: md5?.digest('hex') ?? '',
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of pieces
    async *open() {
      yield* pieces(entry);
    },
  };
}

function* pieces(entry: PackEntry): Generator<Uint8Array> {
  for (let at = 0; at < entry.sizeBytes; at += PIECE_BYTES) {
    yield entry.readSync(at, Math.min(PIECE_BYTES, entry.sizeBytes - at));
  }
}

function md5OrNone(): ReturnType<typeof createHash> | undefined {
  try {
    return createHash('md5');
  } catch {
    return undefined;
  }
}
