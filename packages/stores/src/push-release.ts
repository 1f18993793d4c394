// Puts a release into a store. The manifest comes last: before it is there the release does not exist for anybody. What
// is there already is never replaced; a push that was cut off is simply run again.
import {
  SIGNATURE_FILE_BYTES_MAX,
  SalverError,
  artifactFileName,
  artifactKey,
  manifestKey,
  readHead,
  shortId,
  signatureKey,
  splitSignatures,
} from '@salver/core';
import type { ArtifactHead, ReadOptions, Store } from '@salver/core';
import { tmpdir } from 'node:os';
import { changeObject } from './change-object.js';
import { IMMUTABLE, bytesContent, fileContent } from './file-content.js';
import { addToIndex } from './release-index.js';
import { openReleaseArtifact } from './open-release-artifact.js';
import { withRetries } from './retry.js';

export interface PushOptions extends ReadOptions {
  readonly store: Store;
  /** Path of the artifact, whose bytes were verified. */
  readonly path: string;
  readonly head: ArtifactHead;
  /** Armoured signatures over the manifest. */
  readonly signatures: readonly string[];
  /** Who built it, as the builder wrote it. */
  readonly provenance?: Buffer | undefined;
  readonly now: Date;
}

export interface Pushed {
  /** False when the release was in the store already. */
  readonly changed: boolean;
  readonly key: string;
  readonly sizeBytes: number;
  readonly signaturesAdded: number;
}

/** Throws E_OBJECT_EXISTS when another file has the name of this release, and what the store throws. */
export async function pushRelease(options: PushOptions): Promise<Pushed> {
  const { store, head, signal } = options;
  const { manifest, id } = head;
  const file = artifactFileName(manifest, id);
  const key = artifactKey(manifest.name, file);
  const content = await fileContent(options.path, {
    contentType: 'application/gzip',
    cacheControl: IMMUTABLE,
  });
  const isNew = await withRetries(() => store.create(key, content, { signal }), { signal });
  const sizeBytes = isNew ? content.sizeBytes : await checkSame(options, key);
  await addProvenance(options);
  const signaturesAdded = await addSignatures(store, { name: manifest.name, id }, options.signatures, {
    signal,
  });
  const document = bytesContent(head.manifestBytes, {
    contentType: 'application/json',
    cacheControl: IMMUTABLE,
  });
  const isPublished = await withRetries(
    () => store.create(manifestKey(manifest.name, id), document, { signal }),
    { signal },
  );
  const { version, target } = manifest;
  const row = { id, file, version, target, sizeBytes, pushedAt: options.now.toISOString() };
  await addToIndex(store, manifest.name, row, { signal });
  return { changed: isNew || isPublished, key, sizeBytes, signaturesAdded };
}

/** The file that is there must be this release. Compressed anew it may have another size. */
async function checkSame({ store, head, signal }: PushOptions, key: string): Promise<number> {
  const { id } = head;
  const source = await openReleaseArtifact({ store, key, downloads: tmpdir(), signal });
  try {
    const there = readHead(source);
    if (there.id === id) return source.sizeBytes;
    throw new SalverError(
      'E_OBJECT_EXISTS',
      `${key} in ${store.description} is another release (${shortId(there.id)})`,
      {
        hint: 'what is in a store is never replaced: look who put it there',
        facts: { key, id: there.id },
      },
    );
  } finally {
    source.close();
  }
}

async function addProvenance({ store, head, provenance, signal }: PushOptions): Promise<void> {
  if (provenance === undefined) return;
  const content = bytesContent(provenance, { contentType: 'application/json', cacheControl: IMMUTABLE });
  // Several builders may attest one release: each statement has a name of its own.
  const key = `${head.manifest.name}/${head.id}.${shortId(content.sha256)}.provenance.json`;
  await withRetries(() => store.create(key, content, { signal }), { signal });
}

/** Adds signatures to those that are there; returns how many were new. */
export async function addSignatures(
  store: Store,
  release: { readonly name: string; readonly id: string },
  signatures: readonly string[],
  { signal }: ReadOptions = {},
): Promise<number> {
  let added: readonly string[] = [];
  if (signatures.length === 0) return 0;
  const key = signatureKey(release.name, release.id);
  await changeObject(store, key, { signal, bytesMax: SIGNATURE_FILE_BYTES_MAX }, (bytes) => {
    const there = splitSignatures(bytes?.toString('utf8') ?? '');
    added = signatures.filter((signature) => !there.includes(signature));
    return added.length === 0 ? undefined : Buffer.from([...there, ...added].join(''));
  });
  return added.length;
}
