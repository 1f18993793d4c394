import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError } from '@salver/core';
import { systemdUnits } from '@salver/installer';
import type { SystemdUnit } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredRoot } from '../command-input.js';

/** `salver-host units`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const { values } = context.input;
  const units = systemdUnits({
    root: requiredRoot(context),
    name: values.get('name'),
    user: values.get('user'),
    listen: values.get('listen'),
    program: process.argv[1] ?? 'salver-host',
  });
  const directory = values.get('write');
  if (directory === undefined) {
    const text = units.map(({ file, text }) => `# ${file}\n${text}`).join('\n');
    return Promise.resolve({ json: { units }, text: text.trimEnd() });
  }
  const written = units.map((unit) => writeUnit(inputPath(context, directory), unit));
  const files = units.map(({ file }) => file).join(' ');
  const summary = `systemctl daemon-reload && systemctl enable --now ${files}`;
  return Promise.resolve({
    json: { units, written },
    text: written.join('\n'),
    summary: `now run: ${summary}`,
  });
}

function writeUnit(directory: string, { file, text }: SystemdUnit): string {
  const path = join(directory, file);
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw fileSystemError(error, `cannot write ${path}`);
  }
  return path;
}
