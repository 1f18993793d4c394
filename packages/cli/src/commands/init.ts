import { initConfig } from '@salver/builder';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath } from '../command-input.js';

/** `salver init`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const file = initConfig(inputPath(context, context.input.arguments.get('DIR') ?? '.'));
  return Promise.resolve({
    json: { file },
    text: file,
    summary: 'every key is optional: edit or delete what you like',
  });
}
