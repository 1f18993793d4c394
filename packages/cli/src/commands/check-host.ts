import { readFileSync } from 'node:fs';
import { SalverError, fileSystemError, printable, readHead } from '@salver/core';
import { checkNeeds, factsOfDocument } from '@salver/installer';
import type { HostFactsDocument } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { withArtifact } from '../with-artifact.js';

/** `salver check`: would these hosts run the release? Asked on a build server, before anything is moved. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const files = context.input.lists.get('host') ?? [];
  if (files.length === 0) {
    throw new SalverError('E_USAGE', 'no host to compare with', {
      hint: 'write its facts with `salver-host facts >host.json`, then pass --host host.json',
    });
  }
  const { manifest, id } = await withArtifact(
    inputPath(context, requiredArgument(context.input, 'ARTIFACT')),
    readHead,
  );
  for (const file of files) {
    try {
      await checkNeeds(manifest, factsOfDocument(readFacts(inputPath(context, file))));
    } catch (error) {
      if (error instanceof SalverError) throw ofHost(error, file);
      throw error;
    }
  }
  const hosts = files.map(printable);
  return { json: { id, fits: true, hosts }, text: hosts.map((host) => `${host}: fits`).join('\n') };
}

function ofHost(error: SalverError, file: string): SalverError {
  const { code, message, hint, facts } = error;
  return new SalverError(code, `${printable(file)}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
    facts: { ...facts, host: printable(file) },
  });
}

/** As `salver-host facts` writes them; only what a release may ask for is looked at. */
function readFacts(path: string): HostFactsDocument {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw noFacts(path);
    throw fileSystemError(error, `cannot read ${printable(path)}`);
  }
  const { target, node, libraries } = (value ?? {}) as Partial<HostFactsDocument>;
  if (typeof target !== 'string' || typeof node?.version !== 'string' || !Array.isArray(libraries))
    throw noFacts(path);
  return value as HostFactsDocument;
}

function noFacts(path: string): SalverError {
  return new SalverError('E_USAGE', `${printable(path)} does not hold the facts of a host`, {
    hint: 'write it on the host: salver-host facts >host.json',
  });
}
