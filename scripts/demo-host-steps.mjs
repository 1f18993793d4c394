// The host's part of the demo: install, serve, update, refuse, roll back. Before traffic moves, the new
// release runs beside the old one and must answer /healthz.
import { copyFileSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { percentile, startLoad } from './demo-load.mjs';
import { run, stop } from './demo-processes.mjs';
import { CommandFailure, runProgram } from './demo-programs.mjs';
import {
  formatBytes,
  formatCount,
  formatMs,
  green,
  showCommand,
  showFigure,
  showNote,
  showOutput,
  showStep,
} from './demo-screen.mjs';
import { ServerFailure, request, startRelease } from './demo-server.mjs';

/** How long requests flow before and after a switch. */
const LOAD_MARGIN_MS = 500;

/** Installs version 1 into an empty root. */
export async function installFirst(tour, built) {
  showStep('Install it on an empty host directory');
  const installed = await install(tour, built.artifact);
  showInstall(installed);
  showFigure('current', `-> ${readlinkSync(join(tour.root, 'current'))}`);
  addInstallRow(tour, 'install 1.0.0, empty host', installed);
}

/** Starts version 1 and talks to it. */
export async function serveFirst(tour) {
  showStep('Serve it');
  const began = performance.now();
  tour.running = await startRelease(join(tour.root, 'current'));
  const startMs = performance.now() - began;
  await tour.proxy.switchTo(tour.running.port);
  showNote('`salver-host serve` does not exist yet: a small proxy of the demo stands in front');
  showFigure(
    'started',
    `node server.js in ${readlinkSync(join(tour.root, 'current'))}, ${formatMs(startMs)}`,
  );
  await showRequest(tour, '/healthz');
  await showRequest(tour, '/api/notes', { text: 'Buy milk', author: 'demo' });
  tour.summary.push(['start 1.0.0', formatMs(startMs), '', 'until it listened and /healthz said 200']);
}

/** Installs version 2, checks it beside version 1 and moves traffic, all while requests flow. */
export async function updateUnderLoad(tour, built) {
  showStep('Update to 1.1.0 while requests flow');
  const load = startLoad(tour.proxy.port);
  await pause(LOAD_MARGIN_MS);
  const installed = await install(tour, built.artifact, ['--no-activate']);
  showInstall(installed);
  const next = await startRelease(releaseDirectory(tour, installed.release));
  showFigure('candidate', '/healthz answered 200 beside the old release');
  const activated = await host(tour, ['activate', installed.release]);
  await moveTraffic(tour, next);
  await pause(LOAD_MARGIN_MS);
  const counts = await load.stop();
  showFigure('current', `-> ${readlinkSync(join(tour.root, 'current'))}`);
  showLoad(counts);
  await showRequest(tour, '/api/notes?q=milk');
  addInstallRow(tour, 'install 1.1.0 over 1.0.0', installed);
  addSwitchRow(tour, 'activate 1.1.0 under load', activated.wallMs, counts);
}

/** The app's own files come last in an artifact, and an update reads only what the host lacks. */
const FLIP_BYTES_BEFORE_END = 1_000;

/** One flipped byte in the artifact: refused, and nothing changes. */
export async function refuseDamaged(tour, built) {
  showStep('A damaged artifact');
  const damaged = join(`${tour.output}-again`, basename(built.artifact));
  copyFileSync(built.artifact, damaged);
  const offset = statSync(damaged).size - FLIP_BYTES_BEFORE_END;
  flipByte(damaged, offset);
  showNote(
    `one byte of a copy of 1.2.0 was flipped, at ${formatCount(offset)}, in the part that the host lacks`,
  );
  const before = readlinkSync(join(tour.root, 'current'));
  const error = await install(tour, damaged).catch((failure) => failure);
  if (!(error instanceof CommandFailure)) throw new Error('the damaged artifact was installed');
  showOutput(`error: ${error.text}\nhint: ${error.hint}`);
  await showUntouched(tour, before);
  tour.summary.push(['install a damaged 1.2.0', formatMs(error.wallMs), '', `refused: ${error.code}`]);
}

/** A release that is sound but does not start: the check before the switch finds it. */
export async function refuseDeadServer(tour, built) {
  showStep('A release that does not start');
  const before = readlinkSync(join(tour.root, 'current'));
  const installed = await install(tour, built.artifact, ['--no-activate']);
  showInstall(installed);
  const error = await startRelease(releaseDirectory(tour, installed.release)).catch((failure) => failure);
  if (!(error instanceof ServerFailure)) throw new Error('the broken release started');
  showOutput(`${error.message}\n${lastWords(error.output)}`);
  showNote('so it is not activated');
  await showUntouched(tour, before);
  addInstallRow(tour, 'install 1.2.0 over 1.1.0', installed, 'not activated: its server did not start');
}

/** Goes back to version 1 while requests flow. */
export async function rollBackUnderLoad(tour) {
  showStep('Roll back to 1.0.0 while requests flow');
  const load = startLoad(tour.proxy.port);
  await pause(LOAD_MARGIN_MS);
  const rolledBack = await host(tour, ['rollback']);
  await moveTraffic(tour, await startRelease(join(tour.root, 'current')));
  await pause(LOAD_MARGIN_MS);
  const counts = await load.stop();
  showFigure('time', `${formatMs(rolledBack.wallMs)} for the command`);
  showFigure('current', `-> ${readlinkSync(join(tour.root, 'current'))}`);
  showLoad(counts);
  await showRequest(tour, '/healthz');
  addSwitchRow(tour, 'roll back to 1.0.0 under load', rolledBack.wallMs, counts);
}

function install(tour, artifact, options = []) {
  return host(tour, ['install', artifact, ...options]);
}

function host(tour, args) {
  showCommand(`salver-host ${args.map((arg) => basename(arg)).join(' ')} --root root`);
  return runProgram('salver-host', [...args, '--root', tour.root], { env: tour.env });
}

function releaseDirectory(tour, release) {
  return join(tour.root, 'releases', release);
}

async function moveTraffic(tour, next) {
  const old = tour.running;
  tour.running = next;
  await tour.proxy.switchTo(next.port);
  await stop(old.child);
}

function showInstall(installed) {
  const { filesLinked, filesWritten, bytesFetched, wallMs } = installed;
  showFigure('read', `${formatBytes(bytesFetched)} of the artifact`);
  showFigure('files', `${formatCount(filesLinked)} linked, ${formatCount(filesWritten)} written`);
  showFigure('time', formatMs(wallMs));
}

function showLoad(counts) {
  const versions = [...counts.byVersion].map(([version, count]) => `${formatCount(count)} from ${version}`);
  const slowest = formatMs(counts.timesMs.at(-1) ?? 0);
  showFigure('requests', `${formatCount(counts.ok)} ok, ${formatCount(counts.failed)} failed`);
  showFigure('answers', versions.join(', '));
  showFigure('latency', `median ${formatMs(percentile(counts.timesMs, 0.5))}, slowest ${slowest}`);
  if (counts.firstFailure !== undefined) showFigure('first fault', counts.firstFailure);
}

async function showUntouched(tour, before) {
  const after = readlinkSync(join(tour.root, 'current'));
  const { status, body } = await request(tour.proxy.port, '/version');
  if (after !== before || status !== 200) throw new Error('the running release was touched');
  showFigure('current', `-> ${after}`);
  showFigure('serving', green(`${body.trim()}, as before`));
}

/** Sends a request with curl where it is there, and shows command and answer. */
async function showRequest(tour, path, note) {
  const url = `http://127.0.0.1:${tour.proxy.port}${path}`;
  const body = JSON.stringify(note);
  const args = note === undefined ? [] : ['--header', 'content-type: application/json', '--data', body];
  const curl = await run('curl', ['--silent', '--show-error', ...args, url]).catch(() => undefined);
  if (curl === undefined) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, note === undefined ? {} : { method: 'POST', headers, body });
    showNote(`${note === undefined ? 'GET' : 'POST'} ${path}`);
    showOutput(await answer.text());
    return;
  }
  showCommand(`curl ${args.map(quote).join(' ')}${note === undefined ? '' : ' '}${url}`);
  showOutput(curl.stdout || curl.stderr);
}

function quote(word) {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`;
}

function addInstallRow(tour, step, installed, remark = '') {
  const { filesLinked, filesWritten, bytesFetched, wallMs } = installed;
  const files = `${formatCount(filesLinked)} files linked, ${formatCount(filesWritten)} written`;
  const words = remark === '' ? files : remark;
  tour.summary.push([step, formatMs(wallMs), formatBytes(bytesFetched), words]);
}

function addSwitchRow(tour, step, wallMs, counts) {
  const words = `${formatCount(counts.ok)} requests ok, ${formatCount(counts.failed)} failed`;
  tour.summary.push([step, formatMs(wallMs), '', words]);
}

function flipByte(path, offset) {
  const bytes = readFileSync(path);
  bytes[offset] ^= 0x01;
  writeFileSync(path, bytes);
}

const LAST_WORDS_MAX = 3;

// The line that names the mistake, out of a stack trace.
function lastWords(output) {
  const lines = output.split('\n').filter((line) => /error|must|message/i.test(line));
  return lines.slice(0, LAST_WORDS_MAX).join('\n');
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
