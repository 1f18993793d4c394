import type { ArgumentSpec, Command, OptionSpec, Program } from '../command.js';
import { HELP_OPTION, VERSION_OPTION } from '../parse-arguments.js';

/** A completion script for fish 3 and later. */
export function renderFish(program: Program): string {
  const complete = `complete -c ${program.name}`;
  const atTop = `${complete} -n __fish_use_subcommand`;
  return [
    `# fish completion of ${program.name}`,
    `${complete} -f`,
    ...program.commands.map((command) => `${atTop} -a ${command.name} -d ${quote(command.summary)}`),
    ...[HELP_OPTION, VERSION_OPTION].map((option) => `${atTop}${optionWords(option)}`),
    ...program.options.map((option) => `${complete}${optionWords(option)}`),
    ...program.commands.flatMap((command) => renderCommand(complete, command)),
    '',
  ].join('\n');
}

function renderCommand(complete: string, command: Command): readonly string[] {
  const inCommand = `${complete} -n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
  return [
    ...command.arguments
      .map((spec) => `${inCommand}${argumentWords(spec)}`)
      .filter((line) => line !== inCommand),
    ...[...command.options, HELP_OPTION].map((option) => `${inCommand}${optionWords(option)}`),
  ];
}

function argumentWords(spec: ArgumentSpec): string {
  if (spec.choices !== undefined) return ` -a ${quote(spec.choices.join(' '))} -d ${quote(spec.summary)}`;
  if (spec.completes === 'directory') return ` -a '(__fish_complete_directories)'`;
  return spec.completes === 'file' ? ' -F' : '';
}

function optionWords(option: OptionSpec): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const takes = option.value === undefined ? '' : valueWords(option);
  return `${short} -l ${option.name}${takes} -d ${quote(option.summary)}`;
}

function valueWords(option: OptionSpec): string {
  if (option.choices !== undefined) return ` -x -a ${quote(option.choices.join(' '))}`;
  if (option.completes === 'directory') return ` -x -a '(__fish_complete_directories)'`;
  return option.completes === 'file' ? ' -r -F' : ' -x';
}

/** Within single quotes fish knows two escapes: `\\'` and `\\\\`. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
