// The keys that a command signs with.
import { resolve } from 'node:path';
import type { SignatureMaker } from '@salver/core';
import { sshSignatureMaker } from '@salver/trust';
import type { CommandContext } from './command.js';

/** One for each `--key`, else SALVER_SIGNING_KEY, else none. */
export function signersOf({ input, env, workingDir }: CommandContext): readonly SignatureMaker[] {
  const fromEnv = env['SALVER_SIGNING_KEY'];
  const keys = input.lists.get('key') ?? (fromEnv === undefined || fromEnv === '' ? [] : [fromEnv]);
  return keys.map((key) => sshSignatureMaker({ key: resolve(workingDir, key) }));
}
