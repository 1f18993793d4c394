// The text of --help, made from the same tables as the parser.
import type { ArgumentSpec, Command, OptionSpec, Program } from './command.js';
import { HELP_OPTION, VERSION_OPTION } from './parse-arguments.js';

const INDENT = '  ';

/** Help of the program: all its commands. */
export function renderProgramHelp(program: Program): string {
  const commands = program.commands.map((command) => [command.name, command.summary] as const);
  const first = program.commands[0]?.examples[0] ?? '';
  return [
    `${program.name}: ${program.summary}`,
    '',
    `usage: ${program.name} COMMAND [OPTIONS]`,
    '',
    ...section('commands', commands),
    ...section('options', [...program.options, HELP_OPTION, VERSION_OPTION].map(optionRow)),
    ...section('example', [[first, '']]),
    `\`${program.name} COMMAND --help\` explains a command.`,
  ].join('\n');
}

/** Help of one command. */
export function renderCommandHelp(program: Program, command: Command): string {
  return [
    command.summary,
    '',
    `usage: ${usageLine(program, command)}`,
    '',
    ...section('arguments', command.arguments.map(argumentRow)),
    ...section('options', [...command.options, ...program.options, HELP_OPTION].map(optionRow)),
    ...section(
      command.examples.length === 1 ? 'example' : 'examples',
      command.examples.map((example) => [example, ''] as const),
    ),
  ]
    .join('\n')
    .trimEnd();
}

function usageLine(program: Program, command: Command): string {
  const words = command.arguments.map(({ name, required }) => (required ? name : `[${name}]`));
  const options = command.options.length > 0 ? ['[OPTIONS]'] : [];
  const commandLine = command.commandLine === undefined ? [] : ['--', command.commandLine];
  return [program.name, command.name, ...words, ...options, ...commandLine].join(' ');
}

type Row = readonly [left: string, right: string];

function argumentRow(spec: ArgumentSpec): Row {
  return [spec.name, withChoices(spec.summary, spec.choices)];
}

function optionRow(option: OptionSpec): Row {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${option.value}`;
  return [`${short}--${option.name}${value}`, withChoices(option.summary, option.choices)];
}

function withChoices(summary: string, choices: readonly string[] | undefined): string {
  return choices === undefined ? summary : `${summary}: ${choices.join(', ')}`;
}

/** A titled list with two columns; nothing when there are no rows. */
function section(title: string, rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `${title}:`,
    ...rows.map(([left, right]) => `${INDENT}${left.padEnd(width)}${INDENT}${right}`.trimEnd()),
    '',
  ];
}
