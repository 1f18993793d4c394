import { spawnSync } from 'node:child_process';

/** Undefined when the program runs; otherwise why a test of it is skipped. */
export function missingProgram(name: string): string | undefined {
  return spawnSync(name, ['--version']).error === undefined ? undefined : `${name} is not installed`;
}
