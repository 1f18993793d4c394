import { listFacts, listPythons, localHostFacts } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';

/** `salver-host facts`: JSON in any case, because only programs read it. */
export function run({ env }: CommandContext): Promise<CommandResult> {
  const facts = listFacts(localHostFacts(env), listPythons(env));
  return Promise.resolve({ json: facts, text: JSON.stringify({ schemaVersion: 1, ...facts }, undefined, 2) });
}
