// What attacks are tried on, and what an attacker puts together.
import { readFileSync } from 'node:fs';
import { parseChannel, parseHead } from '@salver/core';
import type { ChannelPayload } from '@salver/core';
import { assembleArtifact, makeArtifact } from '@salver/testing';
import type { ProgramResult } from './product-harness.js';
import type { SignedStore } from './signed-store.js';

/** A root that runs version 1 and could go back to version 0, and a store of its own. */
export interface Stage {
  readonly signed: SignedStore;
  readonly root: string;
  readonly store: string;
  readonly put: (key: string, bytes: Buffer | string) => void;
  readonly channel: (bytes: Buffer) => void;
  readonly install: (...args: readonly string[]) => Promise<ProgramResult>;
}

/** What the channel says of version 2. */
export function payload2(signed: SignedStore): ChannelPayload {
  return parseChannel(signed.channel2).payload;
}

/** Key of the artifact of version 2. */
export function artifactOf(signed: SignedStore): string {
  return `shop/${signed.v2.file}`;
}
/** The second version with the signed manifest and other bytes in a member, checksums made right again. */
export async function forgedMembers(signed: SignedStore): Promise<Buffer> {
  const files = { 'server.js': `console.log('shop 2.0.0');\n`, 'data.txt': 'y'.repeat(20_000) };
  const forged = await makeArtifact(files, { name: 'shop', version: '2.0.0' });
  const good = readFileSync(signed.v2.artifact);
  const forgedHead = forged.bytes.readUInt32LE(18);
  const goodHead = good.readUInt32LE(18);
  const { manifest } = parseHead(good.subarray(0, goodHead));
  const { layout } = parseHead(forged.bytes.subarray(0, forgedHead));
  let offset = forgedHead;
  const members = layout.members.map(([length]) => forged.bytes.subarray(offset, (offset += length)));
  return assembleArtifact(manifest, members).bytes;
}
