// A BuildCache for tests: units live in memory, packed by the same rules as the builder's; downloads lie in a
// temporary directory, because they are handed out by path.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SalverError, hostTarget, measureNeeds, packEntries } from '@salver/core';
import type { BuildCache, FinishedUnit, PackEntry, PackedMember, StoredDownload } from '@salver/core';

/** What a test may look at besides. */
export interface MemoryBuildCache extends BuildCache {
  /** Keys of all stored units, in the order they were stored. */
  readonly storedKeys: readonly string[];
  /** Removes the temporary directory. */
  dispose(): void;
}

/** Makes an empty cache. */
export function createMemoryBuildCache(): MemoryBuildCache {
  const directory = mkdtempSync(join(tmpdir(), 'salver-cache-'));
  const units = new Map<string, { readonly unit: FinishedUnit; readonly entries: readonly PackEntry[] }>();
  const downloads = new Map<string, StoredDownload>();
  const trees = new Map<string, string>();
  const notes = new Map<string, string>();
  const locks = new Map<string, Promise<unknown>>();
  return {
    get storedKeys() {
      return [...units.keys()];
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
    findUnit: (key) => units.get(key)?.unit,
    fetchUnit: (key) => Promise.resolve(units.get(key)?.unit),
    async storeUnit(key, entries, extra = {}) {
      const unit = await packUnit(key, entries, extra);
      units.set(key, { unit, entries: entries.map(inMemory) });
      return unit;
    },
    readUnit: (unit) => units.get(unit.key)?.entries ?? [],
    findDownload: (integrity) =>
      integrity
        .split(/\s+/)
        .map((hash) => downloads.get(hash))
        .find((found) => found !== undefined),
    async storeDownload(stream, { expected, description }) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (expected !== undefined && !matches(bytes, expected)) throw mismatch(description);
      const integrity = sri('sha512', bytes);
      const path = join(directory, String(downloads.size));
      writeFileSync(path, bytes);
      const stored = { path, sizeBytes: bytes.length, integrity };
      for (const hash of [integrity, ...(expected?.split(/\s+/) ?? [])]) downloads.set(hash, stored);
      return stored;
    },
    findNote: (key) => (notes.has(key) ? (JSON.parse(notes.get(key) ?? '') as unknown) : undefined),
    storeNote: (key, value) => void notes.set(key, JSON.stringify(value)),
    async withLock(key, work) {
      const before = locks.get(key);
      const run = (async () => {
        await before?.catch(() => undefined);
        return work();
      })();
      locks.set(key, run);
      return run;
    },
    async keepTree(key, make) {
      const place = trees.get(key) ?? (await mkdtemp(join(directory, 'tree-')));
      if (!trees.has(key)) await make(place);
      trees.set(key, place);
      return place;
    },
    async withTempDir(work) {
      const temporary = await mkdtemp(join(directory, 'tmp-'));
      try {
        return await work(temporary);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
  };
}

async function packUnit(
  key: string,
  entries: readonly PackEntry[],
  extra: Readonly<Record<string, unknown>>,
): Promise<FinishedUnit> {
  const packed: PackedMember[] = [];
  const totals = await packEntries(entries, { onMember: (member) => void packed.push(member) });
  const { needs, provides } = measureNeeds(entries, hostTarget());
  return {
    key,
    facts: {
      ...totals,
      needs,
      provides,
      dependencyDirectories: entries
        .filter(({ kind, path }) => kind === 'directory' && /(?:^|\/)node_modules(?:\/@[^/]*)?$/.test(path))
        .map(({ path }) => path),
      // As it would come back from a file.
      extra: JSON.parse(JSON.stringify(extra)) as Record<string, unknown>,
    },
    members: packed.map(({ rawBytes, rawDigest, stored, storedCrc32 }) => {
      return { rawBytes, rawDigest, storedBytes: stored.length, storedCrc32 };
    }),
    copySync(write) {
      for (const { stored } of packed) write(stored);
    },
  };
}

/** The source of an entry may be gone later, so its bytes are copied. */
function inMemory(entry: PackEntry): PackEntry {
  const bytes = entry.kind === 'file' ? Buffer.from(entry.readSync(0, entry.sizeBytes)) : Buffer.alloc(0);
  const { path, kind, executable, sizeBytes, linkTarget } = entry;
  const readSync = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
  return { path, kind, executable, sizeBytes, linkTarget, readSync };
}

function sri(algorithm: string, bytes: Buffer): string {
  return `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
}

function matches(bytes: Buffer, expected: string): boolean {
  return expected.split(/\s+/).some((hash) => hash === sri(hash.slice(0, hash.indexOf('-')), bytes));
}

function mismatch(description: string): SalverError {
  return new SalverError('E_INTEGRITY_MISMATCH', `${description} does not have the expected integrity`);
}
