// Puts the static files of a release where browsers fetch them. Files are only added: pages of older releases go on to
// find theirs. First everything is compared, so that a conflict is found before anything was published.
import { SalverError, createSha256, printable, workOnAll } from '@salver/core';
import type {
  ArtifactHead,
  ArtifactSource,
  ObjectFacts,
  Progress,
  ProgressStep,
  ReadOptions,
  Store,
} from '@salver/core';
import { assetContent, releaseAssets } from './release-assets.js';
import type { Asset, AssetContent } from './release-assets.js';
import { withRetries } from './retry.js';

export interface PublishOptions extends ReadOptions {
  readonly store: Store;
  /** Whose bytes were verified. */
  readonly source: ArtifactSource;
  readonly head: ArtifactHead;
  readonly progress: Progress;
  /** Compare and publish nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What was published, or would be. */
export interface Published {
  readonly published: number;
  /** Were there already, with the same bytes. */
  readonly present: number;
  /** Had other bytes under a name that may change, e.g. index.html. */
  readonly replaced: number;
  /** Bytes of what was published and replaced. */
  readonly bytes: number;
}

const IN_FLIGHT_MAX = 8;

/** Throws E_ASSET_CONFLICT (nothing was published), and what the store throws. */
export async function publishAssets(options: PublishOptions): Promise<Published> {
  const assets = withoutRepeats(releaseAssets(options.source, options.head));
  const waiting = await compare(assets, options);
  if (options.dryRun !== true) await publish(waiting, options);
  const replaced = waiting.filter(({ there }) => there !== undefined).length;
  return {
    published: waiting.length - replaced,
    present: assets.length - waiting.length,
    replaced,
    bytes: waiting.reduce((sum, { asset }) => sum + asset.entry.sizeBytes, 0),
  };
}

/** Two directories may be served at one place: then a name that both have must be the same file. */
function withoutRepeats(assets: readonly Asset[]): readonly Asset[] {
  const byKey = new Map<string, Asset>();
  for (const asset of assets) {
    const other = byKey.get(asset.key);
    if (other === undefined) byKey.set(asset.key, asset);
    else if (assetContent(other).sha256 !== assetContent(asset).sha256) {
      throw new SalverError(
        'E_ASSET_CONFLICT',
        `${printable(other.path)} and ${printable(asset.path)} are both to be ${printable(asset.key)}`,
        {
          hint: 'give their directories URLs of their own in salver.json',
          facts: { key: printable(asset.key) },
        },
      );
    }
  }
  return [...byKey.values()];
}

/** An asset that is to be written; `there` is what it replaces. */
interface Waiting {
  readonly asset: Asset;
  readonly there: ObjectFacts | undefined;
}

async function compare(assets: readonly Asset[], options: PublishOptions): Promise<readonly Waiting[]> {
  const waiting: Waiting[] = [];
  const conflicts: Asset[] = [];
  await withStep(options, 'comparing assets', assets, async (asset) => {
    const { store, signal } = options;
    const there = await withRetries(() => store.stat(asset.key, { signal }), { signal });
    if (there === undefined) waiting.push({ asset, there });
    else if (!(await isDone(asset, there, options))) {
      if (asset.isImmutable) conflicts.push(asset);
      else waiting.push({ asset, there });
    }
  });
  if (conflicts.length > 0) throw conflict(conflicts, options.store);
  return waiting;
}

/** What lies there will do. */
async function isDone(asset: Asset, there: ObjectFacts, options: PublishOptions): Promise<boolean> {
  // Another zlib gives other bytes of the same content, and the content is in the name.
  if (asset.isForm && asset.isImmutable) return true;
  return there.sizeBytes === asset.entry.sizeBytes && isSame(assetContent(asset), there, options);
}

async function isSame(content: AssetContent, there: ObjectFacts, options: PublishOptions): Promise<boolean> {
  // Many servers use the MD5 as the tag. It only saves reading: what differs in it is read.
  if (content.md5 !== '' && there.tag?.replaceAll('"', '') === content.md5) return true;
  const { store, signal } = options;
  return withRetries(
    async () => {
      const { key, tag, sizeBytes } = there;
      const sha256 = createSha256();
      if (sizeBytes > 0) {
        const range = await store.readRange(key, { offset: 0, length: sizeBytes, tag, signal });
        for await (const piece of range.body) sha256.update(piece);
      }
      return sha256.digestHex() === content.sha256;
    },
    { signal },
  );
}

/** Those whose names never change first: when pages are published, what they refer to is there. */
async function publish(waiting: readonly Waiting[], options: PublishOptions): Promise<void> {
  for (const isImmutable of [true, false]) {
    const now = waiting.filter(({ asset }) => asset.isImmutable === isImmutable);
    if (now.length > 0) await withStep(options, 'publishing assets', now, (each) => write(each, options));
  }
}

const TRIES_MAX = 5;

async function write({ asset, there }: Waiting, options: PublishOptions): Promise<void> {
  const { store, signal } = options;
  const content = assetContent(asset);
  let before = there;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const found = before;
    const isWritten = await withRetries(
      () =>
        found === undefined
          ? store.create(asset.key, content, { signal })
          : replace(asset, { store, expectedTag: found.tag, signal }),
      { signal },
    );
    if (isWritten) return;
    // Somebody else was first: often another push of the same release.
    before = await withRetries(() => store.stat(asset.key, { signal }), { signal });
    if (before === undefined) continue;
    if (await isDone(asset, before, options)) return;
    if (asset.isImmutable) throw conflict([asset], store);
  }
  throw new SalverError(
    'E_STORE_THROTTLED',
    `${printable(asset.key)} in ${store.description} is changed by others all the time`,
    { hint: 'run the command again', facts: { key: printable(asset.key) } },
  );
}

/** A file that may be replaced is read whole; what is larger needs a name with a hash. */
const REPLACED_BYTES_MAX = 256 * 1024 * 1024;

function replace(
  { key, entry, headers }: Asset,
  { store, expectedTag, signal }: { store: Store; expectedTag: string | undefined } & ReadOptions,
): Promise<boolean> {
  if (entry.sizeBytes > REPLACED_BYTES_MAX) {
    throw new SalverError(
      'E_LIMIT_EXCEEDED',
      `${printable(key)} has ${entry.sizeBytes} bytes; at most ${REPLACED_BYTES_MAX} can be replaced`,
      { hint: 'put a hash of its content into its name', facts: { key: printable(key) } },
    );
  }
  const bytes = Buffer.from(entry.readSync(0, entry.sizeBytes));
  return store.replace(key, bytes, { expectedTag, headers, signal });
}

async function withStep<T>(
  { progress }: PublishOptions,
  name: string,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const step: ProgressStep = progress.step(name, 'files');
  let done = 0;
  try {
    await workOnAll(items, IN_FLIGHT_MAX, async (item) => {
      await work(item);
      done += 1;
      step.update(done, items.length);
    });
  } finally {
    step.end();
  }
}

const NAMES_SHOWN_MAX = 20;

function conflict(assets: readonly Asset[], store: Store): SalverError {
  const keys = assets.map(({ key }) => printable(key)).sort();
  const more = keys.length === 1 ? '' : ` (and ${keys.length - 1} more)`;
  return new SalverError(
    'E_ASSET_CONFLICT',
    `${store.description} has other bytes under ${keys[0] ?? ''}${more}, whose name never changes`,
    {
      hint: 'browsers keep such files for a year: build with a hash of the content in the name',
      facts: { key: keys[0] ?? '', keys: keys.slice(0, NAMES_SHOWN_MAX) },
    },
  );
}
