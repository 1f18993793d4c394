import { printable } from '@salver/core';
import { listHistory, showAct } from '@salver/installer';
import type { HistoryLine, ShownAct } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot, wholeNumber } from '../command-input.js';
import { formatCount, formatDuration } from '../format-amounts.js';
import { renderTable } from '../table.js';

const ACTS_DEFAULT = 20;

/** `salver-host history`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const { input, progress } = context;
  const root = requiredRoot(context);
  const txid = input.values.get('show');
  if (txid !== undefined) return Promise.resolve(describeAct(showAct(root, txid)));
  const verify = input.flags.has('verify');
  const { lines, problems, tornBytes } = listHistory(root, { verify });
  for (const problem of problems) progress.warn(problem);
  if (tornBytes > 0) progress.warn(`the last line is torn (${tornBytes} bytes): a power cut`);
  const shown = lines.slice(-(wholeNumber(input, 'last') ?? ACTS_DEFAULT));
  return Promise.resolve({
    json: { ok: problems.length === 0, linesTotal: lines.length, acts: shown },
    text: renderLines(shown).join('\n'),
    ...(verify ? { summary: `${formatCount(lines.length, 'line')}, every one fits the line before it` } : {}),
  });
}

function renderLines(lines: readonly HistoryLine[]): readonly string[] {
  const columns = ['TIME', 'BY', 'ACT', 'RESULT', 'RELEASE', 'TXID'].map((title) => ({ title }));
  return renderTable(
    columns,
    lines.map((line) =>
      [
        line.at,
        line.by,
        line.act,
        `${line.result}${line.forced === true ? ' (forced)' : ''}`,
        line.release ?? formatCount(line.releases?.length ?? 0, 'release'),
        line.txid ?? '',
      ].map(printable),
    ),
  );
}

function describeAct({ txid, lines, hooks }: ShownAct): CommandResult {
  const facts = lines.flatMap((line) => [
    `${line.at}  ${line.act} ${line.release ?? ''}: ${line.result}, by ${line.by}`,
    ...(line.reason === undefined ? [] : [`reason: ${line.reason}`]),
    ...Object.entries(line.durationsMs ?? {}).map(([phase, ms]) => `  ${phase} ${formatDuration(ms)}`),
  ]);
  const outputs = hooks.flatMap(({ hook, output }) => [
    '',
    `--- ${hook} ---`,
    ...output.trimEnd().split('\n').map(printable),
  ]);
  return { json: { txid, lines, hooks }, text: [...facts.map(printable), ...outputs].join('\n') };
}
