// Failures, for people and for programs.
import { EXIT_CODE_INTERNAL, isSalverError, printable } from '@salver/core';
import type { SalverError } from '@salver/core';
import { style } from './terminal.js';
import type { TextOutput } from './terminal.js';

/** Version of all JSON that the programs print. */
export const SCHEMA_VERSION = 1;

/** Code shown for a failure that nobody expected; never thrown. */
const INTERNAL_CODE = 'E_INTERNAL';
const INTERNAL_HINT = 'this is a bug in Salver: please report it with this output';

export interface ErrorReport {
  readonly output: TextOutput;
  readonly json: boolean;
  readonly colour: boolean;
  readonly warnings: readonly string[];
  /** Exit status to use instead of the error's own: a signal has ended the command. */
  readonly exitCode?: number | undefined;
}

/** Prints the failure on stderr and returns the exit status. */
export function reportError(error: unknown, report: ErrorReport): number {
  const expected = isSalverError(error) ? error : undefined;
  const exitCode = report.exitCode ?? expected?.exitCode ?? EXIT_CODE_INTERNAL;
  if (report.json) report.output.write(`${JSON.stringify(toJson(error, exitCode, report.warnings))}\n`);
  else report.output.write(expected === undefined ? bugText(error, report) : expectedText(expected, report));
  return exitCode;
}

function toJson(error: unknown, exitCode: number, warnings: readonly string[]): object {
  const base = { schemaVersion: SCHEMA_VERSION };
  if (isSalverError(error)) {
    const { code, message, facts } = error;
    return { ...base, code, exitCode, message, hint: error.hint ?? null, facts, warnings };
  }
  const facts = { stack: stackOf(error).split('\n') };
  return {
    ...base,
    code: INTERNAL_CODE,
    exitCode,
    message: messageOf(error),
    hint: INTERNAL_HINT,
    facts,
    warnings,
  };
}

function expectedText(error: SalverError, { colour }: ErrorReport): string {
  const hint = error.hint === undefined ? '' : `${style('hint:', 'yellow', colour)} ${error.hint}\n`;
  return `${style('error:', 'red', colour)} ${error.message} [${error.code}]\n${hint}`;
}

function bugText(error: unknown, { colour }: ErrorReport): string {
  const title = `${style('error:', 'red', colour)} ${messageOf(error)} [${INTERNAL_CODE}]`;
  return `${title}\n${style('hint:', 'yellow', colour)} ${INTERNAL_HINT}\n${stackOf(error)}\n`;
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}

function stackOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return lines.split('\n').map(printable).join('\n');
}
