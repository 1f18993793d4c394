import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  SalverError,
  artifactKey,
  parseNamedRelease,
  readHead,
  splitSignatures,
  storedMembers,
} from '@salver/core';
import type { ArtifactHead, ArtifactSource, NamedRelease, Signer } from '@salver/core';
import { verifyArtifact } from '@salver/installer';
import { openReleaseArtifact } from '@salver/stores';
import { sshSignatureVerifier } from '@salver/trust';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { withStore } from '../store-input.js';
import { resolveRelease } from '../stored-release.js';
import { withArtifact } from '../with-artifact.js';

/** `salver verify`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const text = requiredArgument(context.input, 'RELEASE');
  const named = parseNamedRelease(text);
  if (named !== undefined) return verifyStored(context, named);
  const artifact = inputPath(context, text);
  return withArtifact(artifact, (source) => verify(context, source, artifact));
}

/** Everything is fetched, and nothing of it stays. */
function verifyStored(context: CommandContext, named: NamedRelease): Promise<CommandResult> {
  return withStore(context, async (store) => {
    const { progress, signal } = context;
    const release = await resolveRelease(store, named, { signal });
    const downloads = mkdtempSync(join(tmpdir(), 'salver-verify-'));
    const key = artifactKey(named.name, release.file);
    try {
      const source = await openReleaseArtifact({ store, key, downloads, signal });
      try {
        const head = readHead(source);
        if (head.id !== release.id) throw otherRelease(key, head);
        await source.bring?.(storedMembers(head), { progress, signal });
        return await verify(context, source, key);
      } finally {
        source.close();
      }
    } finally {
      rmSync(downloads, { recursive: true, force: true });
    }
  });
}

function otherRelease(key: string, { id }: ArtifactHead): SalverError {
  return new SalverError(
    'E_RELEASE_MISMATCH',
    `${key} is another release (${id.slice(0, 12)}) than its name says`,
    {
      hint: 'look who has changed the store',
    },
  );
}

async function verify(
  context: CommandContext,
  source: ArtifactSource,
  artifact: string,
): Promise<CommandResult> {
  const { progress, signal } = context;
  const head = await verifyArtifact({ source, progress, signal });
  const { name, version, target, units } = head.manifest;
  const signers = await verifySigners(context, source, head);
  const amount = `${formatBytes(source.sizeBytes)} in ${formatCount(head.layout.members.length, 'member')}`;
  const signed =
    signers.length === 0 ? '' : `; signed by ${signers.map(({ principal }) => principal).join(', ')}`;
  return {
    json: {
      ok: true,
      artifact,
      id: head.id,
      name,
      version,
      target,
      sizeBytes: source.sizeBytes,
      units: units.length,
      signers,
    },
    text: head.id,
    summary: `every byte is as the manifest of ${name} ${version} (${target}) says: ${amount}${signed}`,
  };
}

/** Only when asked for: throws E_SIGNATURE_MISSING, E_SIGNER_UNKNOWN. */
async function verifySigners(
  context: CommandContext,
  source: ArtifactSource,
  { manifest, manifestBytes, id }: ArtifactHead,
): Promise<readonly Signer[]> {
  const file = context.input.values.get('allowed-signers');
  if (file === undefined) return [];
  const signatures = splitSignatures((await source.readSignatures?.(id)) ?? '');
  const what = `${manifest.name} ${manifest.version} (${id.slice(0, 12)})`;
  if (signatures.length === 0) {
    throw new SalverError('E_SIGNATURE_MISSING', `${what} is not signed`, {
      hint: 'sign it with `salver sign`',
    });
  }
  const { signers, rejected } = await sshSignatureVerifier().verify({
    content: manifestBytes,
    signatures,
    namespace: 'salver-release',
    at: new Date(),
    allowedSigners: inputPath(context, file),
  });
  if (signers.length > 0) return signers;
  throw new SalverError('E_SIGNER_UNKNOWN', `no signature of ${what} is by one of the allowed signers`, {
    hint: `see who signed: ${rejected.map(({ fingerprint, reason }) => `${fingerprint ?? '?'} (${reason})`).join(', ')}`,
  });
}
