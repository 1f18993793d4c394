// What this root has seen of a channel: the last document it accepted, word by word, and what came of it. The number in
// it is a floor that never goes down. Written with the lock held; a crash leaves the old record.
import { readFileSync, readdirSync } from 'node:fs';
import { parseChannel } from '@salver/core';
import type { ChannelPayload, SignedDocument } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { STATE_DIRECTORY_MODE } from '../host-paths.js';
import { makeDirectories } from '../make-directories.js';
import { writeDurably } from '../write-durably.js';

export interface ChannelRecord {
  readonly format: 1;
  /** The object as it came from the store. */
  readonly document: string;
  /** Tag of the object by the store's description: asks for nothing that has not changed. */
  readonly tags: Readonly<Record<string, string>>;
  /** What was last done because of the channel. */
  readonly outcome?: ChannelOutcome | undefined;
}

/** How the release that the channel named has fared here. */
export interface ChannelOutcome {
  readonly id: string;
  readonly result: 'active' | 'failed';
}

/** Names the record of a channel. */
export interface ChannelName {
  readonly name: string;
  readonly channel: string;
}

function recordPath(paths: HostPaths, { name, channel }: ChannelName): string {
  return `${paths.trustState}/${name}@${channel}.json`;
}

/** Undefined when there is none that can be read. */
export function readChannelRecord(paths: HostPaths, channel: ChannelName): ChannelRecord | undefined {
  return readRecordFile(recordPath(paths, channel));
}

function readRecordFile(path: string): ChannelRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as ChannelRecord;
    return record.format === 1 && typeof record.document === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The document in a record; undefined when it cannot be read any more. */
export function documentOf(record: ChannelRecord | undefined): SignedDocument<ChannelPayload> | undefined {
  if (record === undefined) return undefined;
  try {
    return parseChannel(Buffer.from(record.document, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Throws the system's error. */
export function writeChannelRecord(paths: HostPaths, channel: ChannelName, record: ChannelRecord): void {
  makeDirectories(paths.trustState, STATE_DIRECTORY_MODE);
  writeDurably(recordPath(paths, channel), [`${JSON.stringify(record)}\n`]);
}

/** All documents that this root has accepted. */
export function knownDocuments(paths: HostPaths): readonly ChannelPayload[] {
  return listRecords(paths).flatMap((file) => {
    const document = documentOf(readRecordFile(`${paths.trustState}/${file}`));
    return document === undefined ? [] : [document.payload];
  });
}

function listRecords(paths: HostPaths): readonly string[] {
  try {
    return readdirSync(paths.trustState).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
