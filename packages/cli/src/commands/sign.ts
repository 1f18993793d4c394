import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  SalverError,
  fileSystemError,
  manifestKey,
  parseNamedRelease,
  readHead,
  sha256Hex,
  shortId,
  signatureFileName,
} from '@salver/core';
import type { NamedRelease, SignatureMaker } from '@salver/core';
import { addSignatures } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { signersOf } from '../key-input.js';
import { withStore } from '../store-input.js';
import { resolveRelease } from '../stored-release.js';
import { withArtifact } from '../with-artifact.js';

const MANIFEST_BYTES_MAX = 24 * 1024 * 1024;

/** `salver sign`: the signature goes beside the artifact, or into the store. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const text = requiredArgument(context.input, 'RELEASE');
  const signers = signersOf(context);
  if (signers.length === 0) {
    throw new SalverError('E_USAGE', 'no key to sign with', {
      hint: 'write --key FILE (a private SSH key, or the .pub of one in the agent), or set SALVER_SIGNING_KEY',
    });
  }
  const named = parseNamedRelease(text);
  return named === undefined
    ? signFile(inputPath(context, text), signers)
    : signStored(context, named, signers);
}

function signFile(path: string, signers: readonly SignatureMaker[]): Promise<CommandResult> {
  return withArtifact(path, async (source) => {
    const { manifest, manifestBytes, id } = readHead(source);
    const file = join(dirname(path), signatureFileName(id));
    const signatures = await signAll(manifestBytes, signers);
    try {
      appendFileSync(file, signatures.join(''), { mode: 0o644 });
    } catch (error) {
      throw fileSystemError(error, `cannot write ${file}`);
    }
    return {
      json: {
        id,
        name: manifest.name,
        version: manifest.version,
        signature: file,
        signaturesAdded: signatures.length,
      },
      text: file,
      summary: `signed ${manifest.name} ${manifest.version} (${shortId(id)}); keep the file beside the artifact`,
    };
  });
}

function signStored(
  context: CommandContext,
  named: NamedRelease,
  signers: readonly SignatureMaker[],
): Promise<CommandResult> {
  return withStore(context, async (store) => {
    const { signal } = context;
    const { name } = named;
    const { id, version } = await resolveRelease(store, named, { signal });
    const found = await store.readSmall(manifestKey(name, id), { bytesMax: MANIFEST_BYTES_MAX, signal });
    // Only these very bytes have this id.
    if (typeof found !== 'object' || sha256Hex(found.bytes) !== id) {
      throw new SalverError(
        'E_RELEASE_MISMATCH',
        `the manifest of ${name} ${version} in the store is not that of ${shortId(id)}`,
        {
          hint: 'look who has changed the store; push the release again',
        },
      );
    }
    const added = await addSignatures(store, { name, id }, await signAll(found.bytes, signers), { signal });
    return {
      json: { id, name, version, store: store.description, signaturesAdded: added },
      text: id,
      summary: `signed ${name} ${version} (${shortId(id)}) in ${store.description}`,
    };
  });
}

async function signAll(content: Buffer, signers: readonly SignatureMaker[]): Promise<readonly string[]> {
  const signatures: string[] = [];
  for (const signer of signers) signatures.push(await signer.sign(content, 'salver-release'));
  return signatures;
}
