// What `doctor` says of trust: can signatures be checked here, and do the channels that were followed still stand?
import { accessSync, constants, readFileSync } from 'node:fs';
import type { HostPaths } from '../host-paths.js';
import { knownDocuments } from './channel-record.js';
import { readTrustSettings } from './trust-settings.js';

/** What is wrong. */
export interface TrustFinding {
  readonly state: 'warning' | 'problem';
  readonly detail: string;
}

type Found = readonly TrustFinding[];

/** Throws E_CONFIG_INVALID for settings that cannot be understood, and the system's error for files that cannot be read. */
export function examineTrust(paths: HostPaths, hasProgram: (name: string) => boolean): Found {
  const trust = readTrustSettings(paths);
  const found: TrustFinding[] = [];
  if (trust !== undefined) {
    if (!hasProgram('ssh-keygen')) {
      found.push({
        state: 'problem',
        detail: 'signatures are asked for, and there is no ssh-keygen to check them',
      });
    }
    const signers = readFileSync(trust.allowedSigners, 'utf8').split('\n').filter(isSigner).length;
    if (signers < trust.threshold) {
      const detail = `${signers} signers are allowed, and ${trust.threshold} are asked for: nothing can be installed`;
      found.push({ state: 'problem', detail });
    }
    if (trust.revokedKeys !== undefined) accessSync(trust.revokedKeys, constants.R_OK);
  }
  return [
    ...found,
    ...knownDocuments(paths).flatMap(({ name, channel, expires }) => expiry(`${name}@${channel}`, expires)),
  ];
}

function isSigner(line: string): boolean {
  return line.trim() !== '' && !line.trim().startsWith('#');
}

function expiry(channel: string, expires: string | undefined): Found {
  if (expires === undefined || Date.parse(expires) > Date.now()) return [];
  return [{ state: 'warning', detail: `what was last seen of ${channel} expired at ${expires}` }];
}
