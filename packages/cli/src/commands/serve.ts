import { writeSync } from 'node:fs';
import { serveRoot } from '@salver/installer';
import type { ServeOptions } from '@salver/installer';
import { SalverError, errnoOf, printable } from '@salver/core';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { parseDuration } from '../parse-amounts.js';

const WORKERS_MAX = 256;
const STDOUT = 1;
const STDERR = 2;

/** `salver-host serve`: the app's output goes to stdout as it is, what the supervisor has to say to stderr. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { values, flags } = context.input;
  await serveRoot({
    root: requiredRoot(context),
    listen: values.get('listen'),
    workers: workers(values.get('workers')),
    readyPath: readyPath(values.get('ready')),
    readyMs: duration(context, 'ready-within'),
    settleMs: duration(context, 'settle'),
    drainMs: duration(context, 'drain'),
    env: context.env,
    prefixLines: flags.has('prefix'),
    log: (bytes) => writeAll(STDOUT, bytes),
    report: flags.has('quiet') ? () => undefined : report,
    signal: context.signal,
  } satisfies ServeOptions);
  return {};
}

function report(line: string): void {
  writeAll(STDERR, Buffer.from(`salver-host: ${line}\n`));
}

/**
 * Past the streams of `process`: a reader that goes away (EPIPE) must end the log and not the service. Whoever
 * reads from a pipe that is full and does not block loses what does not fit.
 */
function writeAll(fd: number, bytes: Buffer): void {
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function duration({ input }: CommandContext, option: string): number | undefined {
  const text = input.values.get(option);
  return text === undefined ? undefined : parseDuration(text, option);
}

function workers(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= WORKERS_MAX) return number;
  throw new SalverError(
    'E_USAGE',
    `--workers is not a number from 1 to ${WORKERS_MAX}: "${printable(text)}"`,
  );
}

function readyPath(text: string | undefined): string | undefined {
  if (text === undefined || /^\/[!-~]*$/.test(text)) return text;
  throw new SalverError('E_USAGE', `--ready is not a path: "${printable(text)}"`, {
    hint: 'for example /healthz',
  });
}
