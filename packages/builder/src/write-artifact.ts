// Head, members, tail -> one file in the output directory.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TAIL_MEMBER, artifactFileName, encodeHead, serializeManifest } from '@salver/core';
import type { CollectedUnit, Manifest, Progress, SourceLabel } from '@salver/core';
import { ArtifactSink, TEMPORARY_PREFIX } from './artifact-sink.js';
import { checkSignal } from './check-signal.js';
import { codedFileError } from './coded-file-error.js';
import { makeLayout } from './make-manifest.js';
import { cleanTemporary } from './temp-space.js';

export interface WriteArtifactOptions {
  readonly outputDir: string;
  readonly manifest: Manifest;
  /** The units of the manifest, in its order. */
  readonly units: readonly CollectedUnit[];
  readonly label: SourceLabel;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Only says what would be written. */
  readonly dryRun: boolean;
}

export interface WrittenArtifact {
  /** Path of the file. */
  readonly artifact: string;
  /** Release id, 64 hex digits. */
  readonly id: string;
  readonly sizeBytes: number;
  /** False when a file with exactly these bytes was there already; it was not touched. */
  readonly isNew: boolean;
}

/** Copying is synchronous; after this many bytes other work (signals, progress) gets a turn. */
const TURN_BYTES = 32 * 1024 * 1024;

/**
 * Writes the artifact. Nothing is left behind on failure; what a killed build left in the directory is removed.
 * Throws E_CACHE_DAMAGED, E_DISK_FULL, E_FILE_SYSTEM, E_INTERRUPTED.
 */
export async function writeArtifact(options: WriteArtifactOptions): Promise<WrittenArtifact> {
  const { manifest, units, label } = options;
  const { id, bytes: manifestBytes } = serializeManifest(manifest);
  const layout = makeLayout(units);
  const head = encodeHead({ manifestBytes, layout, label });
  const contentBytes = layout.members.reduce((sum, [bytes]) => sum + bytes, 0);
  const sizeBytes = head.length + contentBytes + TAIL_MEMBER.length;
  const artifact = join(options.outputDir, artifactFileName(manifest, id));
  if (options.dryRun) return { artifact, id, sizeBytes, isNew: true };
  try {
    mkdirSync(options.outputDir, { recursive: true });
    cleanTemporary(options.outputDir, TEMPORARY_PREFIX);
    const sink = new ArtifactSink(artifact, sizeBytes);
    try {
      sink.write(head);
      await copyUnits(units, sink, options);
      sink.write(TAIL_MEMBER);
      return { artifact, id, sizeBytes, isNew: sink.finish() };
    } finally {
      sink.abandon();
    }
  } catch (error) {
    throw codedFileError(error, `cannot write ${artifact}`);
  }
}

async function copyUnits(
  units: readonly CollectedUnit[],
  sink: ArtifactSink,
  options: WriteArtifactOptions,
): Promise<void> {
  const step = options.progress.step('writing', 'bytes');
  const total = units.reduce((sum, unit) => sum + storedBytes(unit), 0);
  let done = 0;
  let turnAt = TURN_BYTES;
  for (const unit of units) {
    unit.content.copySync((piece) => sink.write(piece));
    done += storedBytes(unit);
    step.update(done, total);
    if (done < turnAt) continue;
    turnAt = done + TURN_BYTES;
    await nextTurn();
    checkSignal(options.signal);
  }
  step.end();
}

function storedBytes(unit: CollectedUnit): number {
  return unit.content.members.reduce((sum, member) => sum + member.storedBytes, 0);
}
