// Where a unit's entries are cut into members (docs/format.md section 7). The rule looks at names and sizes
// only: borders stay where they are when other files come and go, so an update finds most members again.
import { MEMBER_RAW_BYTES_MAX } from './limits.js';
import type { CutRule } from './limits.js';

/** An entry that is not cut by content, with its size in the archive: header, data and padding. */
export interface SizedEntry {
  readonly path: string;
  readonly archiveBytes: number;
}

/** Groups entries, in order, into members. */
export function cutIntoMembers<T extends SizedEntry>(entries: readonly T[], rule: CutRule): T[][] {
  const total = entries.reduce((sum, entry) => sum + entry.archiveBytes, 0);
  if (total <= rule.rawBytesTarget) return entries.length === 0 ? [] : [[...entries]];
  const members: T[][] = [];
  let member: T[] = [];
  let held = 0;
  for (const entry of entries) {
    if (held > 0 && held + entry.archiveBytes > MEMBER_RAW_BYTES_MAX) {
      members.push(member);
      member = [];
      held = 0;
    }
    member.push(entry);
    held += entry.archiveBytes;
    if (held >= rule.rawBytesMin && endsMember(entry, rule)) {
      members.push(member);
      member = [];
      held = 0;
    }
  }
  if (member.length > 0) members.push(member);
  return members;
}

/** A large entry ends a member more often, which makes the expected size the target. */
function endsMember(entry: SizedEntry, { rawBytesMin, rawBytesTarget }: CutRule): boolean {
  const span = rawBytesTarget - rawBytesMin;
  return pathHash(entry.path) < Math.floor((entry.archiveBytes * 2 ** 32) / span);
}

/** FNV-1a over the UTF-8 bytes, then MurmurHash3's finaliser: an unsigned 32-bit number. */
export function pathHash(path: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(path, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
