// Who built a release from what, with which tools: an in-toto statement with a SLSA v1 predicate, in a file of its own
// beside the artifact, so that several builders can attest one release. Nothing of it enters the artifact.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSystemError, sha256Hex } from '@salver/core';
import type { Manifest, SourceLabel } from '@salver/core';
import { TEMPORARY_PREFIX } from './artifact-sink.js';
import type { SecretException } from './load-config.js';
import { temporaryName } from './temp-space.js';

export interface ProvenanceFacts {
  readonly manifest: Manifest;
  readonly id: string;
  readonly label: SourceLabel;
  readonly projectDir: string;
  /** Lockfiles, relative to the project. */
  readonly lockfiles: readonly string[];
  /** Build commands that ran. */
  readonly build: readonly string[];
  /** Files that shipped although the secret guard found something. */
  readonly secretExceptions: readonly SecretException[];
  /** Version of Salver. */
  readonly builderVersion: string;
  readonly startedAt: Date;
}

/** Path of the provenance file of an artifact. */
export function provenancePath(artifact: string): string {
  return `${artifact}.provenance.json`;
}

/**
 * Writes the provenance beside the artifact. When the artifact was there already, so is the record of who
 * made it: that one stays. Throws E_DISK_FULL, E_FILE_SYSTEM.
 */
export function writeProvenance(artifact: string, isNew: boolean, facts: ProvenanceFacts): void {
  const path = provenancePath(artifact);
  if (!isNew && existsSync(path)) return;
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${temporaryName()}`);
  try {
    writeFileSync(temporary, `${JSON.stringify(statement(facts), undefined, 2)}\n`, {
      flag: 'wx',
      flush: true,
    });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileSystemError(error, `cannot write ${path}`);
  }
}

function statement(facts: ProvenanceFacts): unknown {
  const { name, version, target } = facts.manifest;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    // The release is its manifest, so that is what is attested; compressing anew does not matter.
    subject: [{ name: `${name}-${version}-${target}/.salver/manifest.json`, digest: { sha256: facts.id } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { buildDefinition: buildDefinition(facts), runDetails: runDetails(facts) },
  };
}

function buildDefinition(facts: ProvenanceFacts): unknown {
  const { commit, branch, dirty } = facts.label;
  return {
    buildType: 'urn:salver:build:1',
    externalParameters: {
      name: facts.manifest.name,
      version: facts.manifest.version,
      target: facts.manifest.target,
      build: facts.build,
      secretExceptions: facts.secretExceptions,
    },
    resolvedDependencies: [
      ...(commit === undefined
        ? []
        : [{ name: 'source', digest: { gitCommit: commit }, annotations: { branch, dirty } }]),
      ...facts.lockfiles.map((lockfile) => ({
        name: lockfile,
        digest: { sha256: sha256Hex(readFileSync(join(facts.projectDir, lockfile))) },
      })),
    ],
  };
}

function runDetails(facts: ProvenanceFacts): unknown {
  const { node, zlib = 'unknown', modules = 'unknown' } = process.versions;
  return {
    builder: { id: 'urn:salver:builder', version: { salver: facts.builderVersion, node, zlib, modules } },
    metadata: { startedOn: facts.startedAt.toISOString(), finishedOn: new Date().toISOString() },
  };
}
