// May this release be installed here? Asked when its head is known and before anything is written.
import { SalverError, formatReleaseName, parseRevocation, splitSignatures } from '@salver/core';
import type { ArtifactHead, ArtifactSource, SignatureVerifier } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { knownDocuments } from './channel-record.js';
import { checkSignatures } from './check-signatures.js';
import { readTrustSettings } from './trust-settings.js';

export interface ReleaseQuestion {
  readonly head: ArtifactHead;
  readonly source: ArtifactSource;
  readonly verifier?: SignatureVerifier | undefined;
  /** What was asked for: something else must not come. */
  readonly expected?: ExpectedRelease | undefined;
  readonly now: Date;
}

export interface ExpectedRelease {
  readonly name: string;
  readonly id?: string | undefined;
  /** The time at which its channel was found good. Default: the clock. */
  readonly at?: Date | undefined;
  /** The store's word that the release is taken back, where it has one. */
  readonly revocation?: Buffer | undefined;
}

/** Throws E_RELEASE_MISMATCH, E_RELEASE_REVOKED and what checkSignatures throws. */
export async function checkRelease(paths: HostPaths, question: ReleaseQuestion): Promise<void> {
  const { head, source, expected, verifier } = question;
  const { manifest, id } = head;
  const release = `release ${formatReleaseName(manifest.version, id)} of ${manifest.name}`;
  checkExpected(head, expected);
  const trust = readTrustSettings(paths);
  if (trust !== undefined) {
    if (verifier === undefined) throw new TypeError('a root with trusted signers needs a verifier');
    const asked = {
      what: release,
      content: head.manifestBytes,
      signatures: splitSignatures((await source.readSignatures?.(id)) ?? ''),
      namespace: 'salver-release',
      at: expected?.at ?? question.now,
      hint: `sign it: salver sign ${manifest.name}@${id.slice(0, 12)} --store STORE --key KEY`,
    } as const;
    await checkSignatures(asked, trust, verifier);
  }
  // That a release is taken back is believed without a signature: at worst somebody keeps it from being installed, which
  // who can write to the store can do in other ways as well.
  checkRevoked(paths, { name: manifest.name, id, release, revocation: expected?.revocation });
}

function checkExpected({ manifest, id }: ArtifactHead, expected: ExpectedRelease | undefined): void {
  if (expected === undefined) return;
  const isOther = manifest.name !== expected.name || (expected.id !== undefined && id !== expected.id);
  if (!isOther) return;
  throw new SalverError(
    'E_RELEASE_MISMATCH',
    `the store gave ${manifest.name} ${manifest.version} (${id.slice(0, 12)}) for ${expected.name} ${expected.id?.slice(0, 12) ?? ''}`.trimEnd(),
    { hint: 'look who has changed the store; nothing was installed' },
  );
}

function checkRevoked(
  paths: HostPaths,
  release: {
    readonly name: string;
    readonly id: string;
    readonly release: string;
    readonly revocation: Buffer | undefined;
  },
): void {
  const { name, id } = release;
  const inChannel = knownDocuments(paths).some(
    (document) => document.name === name && document.revoked.includes(id),
  );
  if (!inChannel && release.revocation === undefined) return;
  throw new SalverError(
    'E_RELEASE_REVOKED',
    `${release.release} was revoked${reasonOf(release.revocation)}`,
    {
      hint: 'install another release: see `salver ls`',
      facts: { id },
    },
  );
}

function reasonOf(revocation: Buffer | undefined): string {
  if (revocation === undefined) return '';
  try {
    return `: ${parseRevocation(revocation).payload.reason}`;
  } catch {
    return '';
  }
}
