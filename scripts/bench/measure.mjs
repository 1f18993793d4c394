// Rounds, medians and the table: what every benchmark group shares.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const SALVER = join(REPOSITORY, 'node_modules/.bin/salver');
export const SALVER_HOST = join(REPOSITORY, 'node_modules/.bin/salver-host');

const OUTPUT_BYTES_KEPT = 4000;
const MEMORY_POLL_MS = 20;

/**
 * Runs a command to its end. Resolves to {ms, peakMb, stdout, stderr}; rejects with the end of its output when it
 * fails. `peakMb` is the kernel's own high-water mark of the command's memory, read while it runs.
 */
export function run(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let peakMb = 0;
    const watch = setInterval(() => (peakMb = Math.max(peakMb, peakMemoryMb(child.pid))), MEMORY_POLL_MS);
    child.stdout.on('data', (piece) => (stdout += piece));
    child.stderr.on('data', (piece) => (stderr = (stderr + piece).slice(-OUTPUT_BYTES_KEPT)));
    child.on('error', reject);
    child.on('exit', () => clearInterval(watch));
    child.on('close', (code) => {
      if (code === 0) resolve({ ms: performance.now() - start, peakMb, stdout, stderr });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${stderr}`));
    });
  });
}

/** High-water mark of a process's resident memory in MB; 0 where /proc has none. */
function peakMemoryMb(pid) {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? 0 : Number(match[1]) / 1024;
  } catch {
    return 0;
  }
}

/** Runs a shell line under `set -e`. */
export function shell(line, options) {
  return run('bash', ['-ec', line], options);
}

/** A new empty directory for one run. */
let counter = 0;
export function freshDirectory(parent, name) {
  counter += 1;
  const directory = join(parent, `${name}-${counter}`);
  mkdirSync(directory, { recursive: true });
  return directory;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs all `contenders` once per round, interleaved, after one warm-up round, and gives each one's samples.
 * A contender is a function that resolves to a number (milliseconds or bytes), or undefined to sit out.
 * The order alternates so that no one always runs behind the same other.
 */
export async function interleave(contenders, rounds, { warmUp = true, label = '' } = {}) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? names : [...names].reverse();
    for (const name of order) {
      // What the one before left to be written must not slow this one.
      await run('sync', []);
      const value = await contenders[name](round);
      console.error(
        `  ${label} round ${round + 1}/${rounds} ${name}: ${value === undefined ? 'skipped' : value.toFixed(1)}`,
      );
      if (round >= 0 && value !== undefined) samples[name].push(value);
    }
  }
  return samples;
}

/**
 * One row of the result: our samples against a peer's, round by round.
 * `budget` is the largest ratio ours/peer that keeps the promise; undefined for a row without a promise.
 */
export function compare(name, ours, peer, budget) {
  if (ours.length === 0 || peer.length === 0)
    return {
      name,
      skipped: true,
      ours: null,
      peer: null,
      ratio: null,
      budget: budget ?? null,
      ok: null,
      runs: 0,
    };
  const runs = Math.min(ours.length, peer.length);
  const ratios = Array.from({ length: runs }, (_, index) => ours[index] / peer[index]);
  const ratio = median(ratios);
  return {
    name,
    ours: median(ours),
    peer: median(peer),
    ratio,
    budget: budget ?? null,
    ok: budget === undefined ? null : ratio <= budget,
    runs,
  };
}

/** Prints the rows as a table on stdout. */
export function printRows(rows) {
  const cells = [['what', 'ours', 'peer', 'ratio', 'budget', '', 'runs']];
  for (const row of rows) {
    const verdict = row.skipped ? 'skipped' : row.ok === null ? '' : row.ok ? 'ok' : 'MISSED';
    cells.push([
      row.name,
      number(row.ours),
      number(row.peer),
      ratioText(row.ratio),
      ratioText(row.budget),
      verdict,
      String(row.runs),
    ]);
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  '),
    );
  }
}

function number(value) {
  return value === null ? '-' : value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function ratioText(value) {
  if (value === null) return '-';
  return value < 0.1 ? `1/${(1 / value).toFixed(1)}` : value.toFixed(2);
}
