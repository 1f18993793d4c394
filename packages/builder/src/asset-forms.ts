// The compressed forms of a unit's files: each is made once per content and kept in the cache by the content's hash, so
// that a build in which the files are the same compresses nothing.
import { availableParallelism } from 'node:os';
import { fileEntry, sha256Hex, workOnAll } from '@salver/core';
import type { AssetEncoding, FinishedUnit, PackEntry, Progress } from '@salver/core';
import type { OpenedCache } from './build-cache.js';
import { checkSignal } from './check-signal.js';
import { compressAsset, encoderKey, isCompressible } from './compress-asset.js';

export interface FormsOptions {
  readonly cache: OpenedCache;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface AssetForms {
  /** Entries beside the files they are forms of: `app.js.gz`, `app.js.br`. */
  readonly entries: readonly PackEntry[];
  /** What of the cache they are kept in. */
  readonly units: readonly FinishedUnit[];
  /** How many were made now rather than found. */
  readonly made: number;
}

/** Files at once. Large ones go one by one: brotli takes several times their size. */
const IN_FLIGHT_MAX = Math.min(4, availableParallelism());
const LARGE_BYTES_MIN = 4 * 1024 * 1024;

interface Wanted {
  readonly entry: PackEntry;
  readonly encodings: readonly AssetEncoding[];
}

/**
 * Makes or finds the forms of all files that gain by it. Forms that are there already stay as they are. Throws
 * E_BUILD_INPUT_CHANGED, E_DISK_FULL, E_FILE_SYSTEM, E_INTERRUPTED.
 */
export async function findForms(
  files: readonly PackEntry[],
  encodings: readonly AssetEncoding[],
  options: FormsOptions,
): Promise<AssetForms> {
  const wanted = wantedForms(files, encodings);
  const found: {
    readonly entry: PackEntry;
    readonly unit: FinishedUnit;
    readonly encoding: AssetEncoding;
  }[] = [];
  const forms = new Map<string, Promise<FinishedUnit>>();
  let done = 0;
  const step = options.progress.step('compressing assets', 'files');
  const findFormsOf = async ({ entry, encodings: missing }: Wanted): Promise<void> => {
    checkSignal(options.signal);
    const bytes = contentOf(entry);
    const digest = sha256Hex(bytes);
    for (const encoding of missing) {
      const key = `asset-form:${encoderKey(encoding)}:${digest}`;
      const unit = options.cache.findUnit(key);
      // Files with the same content are compressed once.
      const making = unit ?? forms.get(key) ?? makeForm(key, { bytes, encoding, cache: options.cache });
      if (unit === undefined) forms.set(key, Promise.resolve(making));
      found.push({ entry, unit: await making, encoding });
    }
    done += 1;
    step.update(done, wanted.length);
  };
  const isLarge = ({ entry }: Wanted): boolean => entry.sizeBytes >= LARGE_BYTES_MIN;
  await workOnAll(
    wanted.filter((each) => !isLarge(each)),
    IN_FLIGHT_MAX,
    findFormsOf,
  );
  await workOnAll(wanted.filter(isLarge), 1, findFormsOf);
  step.end(`${wanted.length} files, ${forms.size} forms made`);
  const reader = new FormReader(options.cache);
  const entries = found
    .filter(({ unit }) => unit.facts.entries > 0)
    .map(({ entry, unit, encoding }) => formEntry(entry, { unit, encoding, reader }));
  return {
    entries,
    units: [...new Map(found.map(({ unit }) => [unit.key, unit])).values()],
    made: forms.size,
  };
}

function wantedForms(files: readonly PackEntry[], encodings: readonly AssetEncoding[]): readonly Wanted[] {
  const paths = new Set(files.map(({ path }) => path));
  return files
    .filter(({ kind, path, sizeBytes }) => kind === 'file' && isCompressible(path, sizeBytes))
    .map((entry) => ({
      entry,
      encodings: encodings.filter((encoding) => !paths.has(`${entry.path}${SUFFIX[encoding]}`)),
    }))
    .filter((each) => each.encodings.length > 0);
}

const SUFFIX: Readonly<Record<AssetEncoding, string>> = { gzip: '.gz', br: '.br' };

function contentOf(entry: PackEntry): Buffer {
  const bytes = entry.readSync(0, entry.sizeBytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Name of the form inside its unit of the cache. */
const FORM_NAME = 'form';

/** A unit of one file; of none when the form saves too little, which is worth remembering as well. */
async function makeForm(
  key: string,
  {
    bytes,
    encoding,
    cache,
  }: { readonly bytes: Buffer; readonly encoding: AssetEncoding; readonly cache: OpenedCache },
): Promise<FinishedUnit> {
  const form = await compressAsset(bytes, encoding);
  if (form === undefined) return cache.storeUnit(key, []);
  return cache.storeUnit(key, [fileEntry(FORM_NAME, form)]);
}

function formEntry(
  entry: PackEntry,
  {
    unit,
    encoding,
    reader,
  }: { readonly unit: FinishedUnit; readonly encoding: AssetEncoding; readonly reader: FormReader },
): PackEntry {
  return {
    path: `${entry.path}${SUFFIX[encoding]}`,
    kind: 'file',
    executable: entry.executable,
    sizeBytes: unit.facts.sizeBytes,
    linkTarget: '',
    readSync: (offset, length) => reader.read(unit, offset, length),
  };
}

/** Packing reads one file after the other: only the last one is kept open, so memory does not grow with their number. */
class FormReader {
  readonly #cache: OpenedCache;
  #open: { readonly unit: FinishedUnit; readonly entry: PackEntry | undefined } | undefined;

  constructor(cache: OpenedCache) {
    this.#cache = cache;
  }

  read(unit: FinishedUnit, offset: number, length: number): Uint8Array {
    if (this.#open?.unit !== unit) this.#open = { unit, entry: this.#cache.readUnit(unit)[0] };
    return this.#open.entry?.readSync(offset, length) ?? Buffer.alloc(0);
  }
}
