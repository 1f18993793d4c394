// The builder's part of the demo. Every figure is what a command reported, or wall time measured here.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { applyChange, commit, setVersion, useVariantWithoutCompiler } from './demo-app.mjs';
import { runProgram } from './demo-programs.mjs';
import {
  formatBytes,
  formatMs,
  showCommand,
  showFigure,
  showNote,
  showOutput,
  showStep,
} from './demo-screen.mjs';

const ID_DIGITS = 12;

/** Builds version 1 with nothing in the cache: downloads, compiles, packs. */
export async function buildCold(tour) {
  showStep('Build version 1.0.0, nothing cached');
  if (tour.app.withoutCompiler) sayVariant('no C++ compiler was found, or --without-compiler was given');
  await commit(tour.app, 'Version 1.0.0');
  const built = await buildOrUseVariant(tour);
  showBuild(built);
  addRow(tour, 'build 1.0.0, nothing cached', built);
  return built;
}

async function buildOrUseVariant(tour) {
  try {
    return await build(tour, tour.output);
  } catch (error) {
    // A compiler alone is not enough: Node's headers may be missing and out of reach.
    if (error.code !== 'E_INSTALL_SCRIPT_FAILED' || tour.app.withoutCompiler) throw error;
    sayVariant(error.message);
    useVariantWithoutCompiler(tour.app);
    await commit(tour.app, 'Use the variant without a compiled dependency');
    return build(tour, tour.output);
  }
}

function sayVariant(reason) {
  showNote(`using the variant of the app without its compiled dependency: ${reason}`);
}

/** Builds the same again into another directory: same id, same bytes, no work. */
export async function buildAgain(tour, before) {
  showStep('Build the same again');
  const again = await build(tour, `${tour.output}-again`);
  const isSame = sha256(again.artifact) === sha256(before.artifact);
  showBuild(again);
  showFigure('same file?', isSame ? 'yes, byte for byte' : 'no');
  if (!isSame || again.id !== before.id) throw new Error('two builds of one source differ');
  addRow(tour, 'build 1.0.0 again', again, 'the same file, byte for byte');
}

/** Changes code and one dependency, and builds version 2. */
export async function buildUpdate(tour) {
  showStep('Change code and a dependency, build version 1.1.0');
  applyChange(tour.app, 'v2');
  await commit(tour.app, 'Find notes; luxon 3.7.2');
  showNote('notes can be searched now, and luxon goes from 3.7.1 to 3.7.2');
  const built = await build(tour, tour.output);
  showBuild(built);
  addRow(tour, 'build 1.1.0, rest cached', built);
  return built;
}

/** Builds a version 3 that builds well and cannot run: it wants a setting that the host does not have. */
export async function buildBroken(tour) {
  showStep('Build version 1.2.0, which has a mistake that no build can see');
  applyChange(tour.app, 'v3');
  setVersion(tour.app, '1.2.0');
  await commit(tour.app, 'Read the title of the board from BOARD_TITLE');
  const built = await build(tour, tour.output);
  showBuild(built);
  addRow(tour, 'build 1.2.0, rest cached', built);
  return built;
}

async function build(tour, output) {
  showCommand(`salver build notes --output ${basename(output)}`);
  return runProgram('salver', ['build', tour.app.directory, '--output', output], { env: tour.env });
}

function showBuild(built) {
  showOutput(basename(built.artifact));
  showFigure('release id', built.id.slice(0, ID_DIGITS));
  showFigure('size', `${formatBytes(built.sizeBytes)}, ${built.units} units`);
  showFigure('packages', packageFigures(built));
  if (built.compiled.length > 0) showFigure('compiled', built.compiled.join(', '));
  showFigure('time', `${formatMs(built.wallMs)}${slowestPhases(built.phasesMs)}`);
}

function packageFigures({ packagesTotal, packagesCached, downloadedBytes }) {
  return `${packagesTotal}, ${packagesCached} from the cache, ${formatBytes(downloadedBytes)} downloaded`;
}

const PHASES_SHOWN = 3;

function slowestPhases(phasesMs) {
  const slowest = Object.entries(phasesMs)
    .filter(([, ms]) => ms >= 1)
    .sort(([, left], [, right]) => right - left)
    .slice(0, PHASES_SHOWN);
  if (slowest.length === 0) return '';
  return ` (most of it: ${slowest.map(([phase, ms]) => `${phase} ${formatMs(ms)}`).join(', ')})`;
}

function addRow(tour, step, built, remark = `${built.units} units`) {
  tour.summary.push([step, formatMs(built.wallMs), formatBytes(built.sizeBytes), remark]);
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
