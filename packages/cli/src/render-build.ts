// What a person wants to know after a build.
import { basename } from 'node:path';
import type { BuildResult } from '@salver/builder';
import { printable, shortId } from '@salver/core';
import { formatBytes, formatCount } from './format-amounts.js';
import { phaseLine } from './phase-line.js';

/** At most this many names in a list; the manifest has them all. */
const NAMES_SHOWN_MAX = 10;

/** Lines of the summary that follows a build, on stderr. */
export function renderBuildSummary(result: BuildResult, dryRun: boolean): readonly string[] {
  const outcome = dryRun ? ' (not written)' : result.isNew ? '' : ' (was there already, with the same bytes)';
  return [
    `file      ${basename(result.artifact)}${outcome}`,
    `id        ${shortId(result.id)}`,
    `size      ${formatBytes(result.sizeBytes)}`,
    `units     ${formatCount(result.units, 'unit')}; ${packagesText(result)}`,
    ...assetLines(result),
    `native    ${nativeText(result)}`,
    `scripts   ${scriptsText(result)}`,
    phaseLine(result.phasesMs).replace(/^time: /, 'time      '),
  ];
}

function packagesText({ packagesTotal, packagesCached, downloadedBytes }: BuildResult): string {
  const downloaded = downloadedBytes === 0 ? '' : `, ${formatBytes(downloadedBytes)} downloaded`;
  return `${formatCount(packagesTotal, 'package')}, ${packagesCached} from the cache${downloaded}`;
}

function assetLines({ assets }: BuildResult): readonly string[] {
  const { files, compressed, compressedNow } = assets;
  if (files === 0) return [];
  const now =
    compressedNow === 0 ? 'nothing to compress: taken from the cache' : `${compressedNow} compressed`;
  return [`assets    ${formatCount(files, 'file')}, ${formatCount(compressed, 'compressed form')}; ${now}`];
}

function nativeText({ compiled, scriptsRan }: BuildResult): string {
  if (compiled.length > 0) return `compiled ${names(compiled)}`;
  return scriptsRan.length > 0 ? 'nothing to compile: taken from the cache' : 'nothing to compile';
}

function scriptsText({ scriptsRan, scriptsSkipped }: BuildResult): string {
  const parts = [
    scriptsRan.length === 0 ? '' : `ran ${names(scriptsRan)}`,
    scriptsSkipped.length === 0 ? '' : `skipped ${names(scriptsSkipped)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no install scripts' : parts.join('; ');
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, NAMES_SHOWN_MAX).map(printable).join(', ');
  return list.length > NAMES_SHOWN_MAX ? `${shown} and ${list.length - NAMES_SHOWN_MAX} more` : shown;
}
