// Getting typed words out of a command's input.
import { resolve } from 'node:path';
import { SalverError, printable } from '@salver/core';
import type { CommandContext, CommandInput } from './command.js';
import { parseDuration } from './parse-amounts.js';

/** An argument that the command's table requires. */
export function requiredArgument(input: CommandInput, name: string): string {
  const word = input.arguments.get(name);
  if (word === undefined) throw new TypeError(`the table of the command does not require ${name}`);
  return word;
}

/** A path the user gave, made absolute. */
export function inputPath({ workingDir }: CommandContext, path: string): string {
  return resolve(workingDir, path);
}

/** The root that `--root` or SALVER_ROOT names. Throws E_USAGE. */
export function requiredRoot(context: CommandContext): string {
  const root = context.input.values.get('root') ?? context.env['SALVER_ROOT'];
  if (root !== undefined && root !== '') return inputPath(context, root);
  throw new SalverError('E_USAGE', 'no root given: the directory on this host that holds the app', {
    hint: 'write --root DIR or set SALVER_ROOT',
  });
}

/** A count, or undefined when the option is not there. Throws E_USAGE. */
export function wholeNumber(input: CommandInput, option: string): number | undefined {
  const text = input.values.get(option);
  if (text === undefined) return undefined;
  if (/^[0-9]{1,6}$/.test(text)) return Number(text);
  throw new SalverError('E_USAGE', `--${option} is not a whole number: "${printable(text)}"`);
}

/** How long `--watch` goes on checking, in milliseconds. Throws E_USAGE. */
export function watchMs(input: CommandInput): number | undefined {
  return durationMs(input, 'watch');
}

/** How long `--wait` allows to wait for a lock, in milliseconds. Throws E_USAGE. */
export function waitMs(input: CommandInput): number | undefined {
  return durationMs(input, 'wait');
}

/** A duration given by an option, in milliseconds. Throws E_USAGE. */
export function durationMs(input: CommandInput, option: string): number | undefined {
  const text = input.values.get(option);
  return text === undefined ? undefined : parseDuration(text, option);
}
