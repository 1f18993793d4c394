// The built `salver-host` as one file, and copies of it with a change: the way to judge a judge.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCommand, workspaceDirectory } from '../product-harness.js';
import type { ProgramResult } from '../product-harness.js';

/** Path of the bundle that `npm run build` makes. */
export const HOST_BUNDLE = join(workspaceDirectory, 'packages/cli/bundle/salver-host.mjs');

/** One change of the program's text. */
export interface BundlePatch {
  /** Must match exactly once; names of the bundler's own, with a number at the end, are best left to a group. */
  readonly find: RegExp;
  readonly replace: string;
}

/** Writes a copy of the bundle with the changes. Fails when one does not apply: the program has changed since. */
export function patchBundle(target: string, patches: readonly BundlePatch[]): string {
  let text = readFileSync(HOST_BUNDLE, 'utf8');
  for (const { find, replace } of patches) {
    const matches = text.match(new RegExp(find.source, 'g'))?.length ?? 0;
    assert.equal(matches, 1, `the bundle has this exactly once: ${find.source}`);
    text = text.replace(find, replace);
  }
  writeFileSync(target, text);
  return target;
}

const TIMEOUT_MS = 60_000;

/**
 * For the process under test: one thread besides the main one and no io_uring, so that each run makes the same calls
 * in the same order and the kernel's call numbers show all of them.
 */
export const STEADY_ENV = {
  UV_THREADPOOL_SIZE: '1',
  UV_USE_IO_URING: '0',
  NODE_OPTIONS: undefined,
  NODE_COMPILE_CACHE: undefined,
} as const;

/** Runs `salver-host` to its end, undisturbed. */
export function runHost(bundle: string, args: readonly string[]): Promise<ProgramResult> {
  return startCommand(process.execPath, [bundle, ...args], { env: STEADY_ENV, timeoutMs: TIMEOUT_MS }).ended;
}

/** The commands that the built program has. */
export async function knowsCommand(bundle: string, command: string): Promise<boolean> {
  return (await runHost(bundle, [command, '--help'])).status === 0;
}
