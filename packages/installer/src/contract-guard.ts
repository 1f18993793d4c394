// Going back over a migration that took something away (`phase: contract`) puts a release in front of a database
// that it cannot use. So every contract migration that began here is noted down, before it runs, and a release
// that was last current before it is refused.
import { readFileSync } from 'node:fs';
import { SalverError } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { readMark } from './release-marks.js';
import { installedReleases } from './release-reference.js';
import { writeDurably } from './write-durably.js';

/** A migration that ran, or at least began, on this host, and that older releases may not bear. */
export interface ContractMigration {
  readonly release: string;
  /** `cautious`: nobody knows whether they bear it, so going back only warns. Default `contract`. */
  readonly effect?: 'contract' | 'cautious';
  /** What it was, for messages. */
  readonly what?: string;
  /** Number of the act in which it ran. */
  readonly seq: number;
  readonly txid: string;
  readonly at: string;
}

/** Throws E_RELEASE_DAMAGED when the notes cannot be read: guessing that none ran would be dangerous. */
export function readContracts(paths: HostPaths): readonly ContractMigration[] {
  let text: string;
  try {
    text = readFileSync(paths.contracts, 'utf8');
  } catch {
    return [];
  }
  try {
    return (JSON.parse(text) as { readonly contracts: readonly ContractMigration[] }).contracts;
  } catch (error) {
    throw new SalverError('E_RELEASE_DAMAGED', `${paths.contracts} cannot be read`, {
      hint: 'find out which contract migrations ran (`salver-host history`), then remove the file',
      cause: error,
    });
  }
}

/** Notes a contract migration down, durably. A crash leaves the old notes. Throws the system's error. */
export function recordContract(paths: HostPaths, migration: ContractMigration): void {
  const contracts = [...readContracts(paths), migration];
  writeDurably(paths.contracts, [`${JSON.stringify({ format: 1, contracts })}\n`]);
}

/** The contract migration that lies between the release and now, or undefined when it is safe to go there. */
export function contractInTheWay(paths: HostPaths, release: string): ContractMigration | undefined {
  return ranSince(paths, release)
    .filter(({ effect }) => effect !== 'cautious')
    .at(-1);
}

/** Migrations between the release and now of which nobody knows what they do to it. */
export function cautionsInTheWay(paths: HostPaths, release: string): readonly ContractMigration[] {
  return ranSince(paths, release).filter(({ effect }) => effect === 'cautious');
}

function ranSince(paths: HostPaths, release: string): readonly ContractMigration[] {
  const mark = readMark(paths, release);
  // A release that never ran here is new: going there is no going back.
  if (mark === undefined) return [];
  return readContracts(paths).filter((contract) => contract.release !== release && contract.seq > mark.seq);
}

/** Throws E_ROLLBACK_UNSAFE, naming the migration and the nearest release that is safe. */
export function refuseAcrossContract(
  paths: HostPaths,
  target: { readonly release: string; readonly current: string | undefined; readonly force: boolean },
): void {
  const contract = contractInTheWay(paths, target.release);
  if (contract === undefined || target.force) return;
  const safe = nearestSafeRelease(paths, target.current);
  throw new SalverError(
    'E_ROLLBACK_UNSAFE',
    `${target.release} is from before the contract migration of ${contract.release}${ofWhat(contract)}, which ran here on ${contract.at}`,
    {
      hint:
        safe === undefined
          ? 'no installed release is safe to go back to: mend forward, or use --force if you know it works'
          : `the nearest safe release is ${safe}: \`salver-host activate ${safe}\``,
      facts: { release: target.release, contractOf: contract.release, safe: safe ?? '' },
    },
  );
}

function ofWhat({ what }: ContractMigration): string {
  return what === undefined ? '' : `, ${what}`;
}

function nearestSafeRelease(paths: HostPaths, current: string | undefined): string | undefined {
  return installedReleases(paths)
    .filter((release) => release !== current && contractInTheWay(paths, release) === undefined)
    .flatMap((release) => readMark(paths, release) ?? [])
    .filter((mark) => mark.health === 'healthy')
    .sort((a, b) => b.seq - a.seq)
    .at(0)?.release;
}
