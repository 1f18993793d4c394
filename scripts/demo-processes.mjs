// Every process the demo starts, so that none is left when it ends or is interrupted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const GRACE_MS = 10_000;
const running = new Set();

/** Starts a process that {@link stopAll} will end. */
export function start(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Runs a process to its end. Resolves with its exit status, output and wall time in milliseconds. */
export async function run(command, args, options) {
  const began = performance.now();
  const child = start(command, args, options);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const [status] = await once(child, 'close');
  return { status, ...output, wallMs: performance.now() - began };
}

/** Asks a process to stop and waits for it; after a grace time it is killed. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}

/** Ends whatever still runs. */
export async function stopAll() {
  await Promise.all([...running].map(stop));
}
