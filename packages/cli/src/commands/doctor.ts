import { printable } from '@salver/core';
import { examineRoot } from '@salver/installer';
import type { Finding } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatCount } from '../format-amounts.js';
import { renderTable } from '../table.js';

const EXIT_CODE_PROBLEMS = 1;

/** `salver-host doctor`: ends with 1 when there is a problem; warnings alone are no failure. */
export function run(context: CommandContext): Promise<CommandResult> {
  const findings = examineRoot(requiredRoot(context), context.env);
  const problems = findings.filter(({ state }) => state === 'problem').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  const ok = problems === 0;
  return Promise.resolve({
    json: { ok, findings },
    text: renderTable([{ title: '' }, { title: 'CHECK' }, { title: 'FOUND' }], findings.map(rowOf)).join(
      '\n',
    ),
    summary:
      ok && warnings === 0
        ? 'all is well'
        : `${formatCount(problems, 'problem')}, ${formatCount(warnings, 'warning')}`,
    exitCode: ok ? 0 : EXIT_CODE_PROBLEMS,
  });
}

function rowOf({ check, state, detail }: Finding): readonly string[] {
  return [state, check, printable(detail)];
}
