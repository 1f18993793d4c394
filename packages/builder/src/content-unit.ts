// A unit that exists only as members in the member store: the app's own files.
import { crc32 } from 'node:zlib';
import { FINE_CUTS, sha256Hex } from '@salver/core';
import type { PackEntry, Target, ReadableUnit } from '@salver/core';
import type { MemberStore } from './member-store.js';
import { packUnit } from './pack-unit.js';
import { damaged } from './unit-file.js';

export interface ContentUnitOptions {
  readonly name: string;
  readonly entries: readonly PackEntry[];
  readonly target: Target;
}

/** Packs entries; members that the store has already are not compressed again. Throws as `packEntries`. */
export async function storeContentUnit(
  store: MemberStore,
  options: ContentUnitOptions,
): Promise<ReadableUnit> {
  const found = new Set<string>();
  const { facts, members } = await packUnit(options.entries, {
    target: options.target,
    cuts: FINE_CUTS,
    findStored: (rawDigest, rawBytes) => {
      const stored = store.find(rawDigest, rawBytes);
      if (stored !== undefined) found.add(rawDigest);
      return stored;
    },
    onMember: (member) => {
      if (!found.has(member.rawDigest)) store.store(member);
    },
  });
  return {
    key: `${options.name}:${sha256Hex(members.map((member) => member.rawDigest).join('\n'))}`,
    facts,
    members,
    copySync: (write) => store.copySync(members, write),
    readMemberSync: (index) => {
      const member = members[index];
      const stored = member === undefined ? undefined : store.find(member.rawDigest, member.rawBytes);
      if (stored === undefined || crc32(stored) !== member?.storedCrc32) throw damaged(options.name);
      return stored;
    },
  };
}
