import type { ArgumentSpec, Command, Completion, OptionSpec, Program } from '../command.js';
import { HELP_OPTION, VERSION_OPTION } from '../parse-arguments.js';
import { quoteForShell } from './quote-for-shell.js';

/** A completion function for zsh 5, to be put into a directory of `fpath` as `_NAME`. */
export function renderZsh(program: Program): string {
  const commands = program.commands.map((command) => quoteForShell(`${command.name}:${command.summary}`));
  return `#compdef ${program.name}
# zsh completion of ${program.name}
local curcontext="$curcontext" state line
local -a commands
commands=(
${commands.map((command) => `  ${command}`).join('\n')}
)
_arguments -C \\
${[...program.options, HELP_OPTION, VERSION_OPTION].map((option) => `  ${optionWord(option)} \\`).join('\n')}
  '1:command:->command' \\
  '*::argument:->argument'
case $state in
  command) _describe command commands ;;
  argument)
    case $words[1] in
${program.commands.map((command) => renderCommand(program, command)).join('\n')}
    esac ;;
esac
`;
}

function renderCommand(program: Program, command: Command): string {
  const options = [...command.options, ...program.options, HELP_OPTION].map(optionWord);
  const words = [...options, ...command.arguments.map(argumentWord)];
  if (command.commandLine !== undefined) words.push(`'*::command:_normal'`);
  return `      ${command.name})
        _arguments \\
${words.map((word) => `          ${word}`).join(' \\\n')} ;;`;
}

function optionWord(option: OptionSpec): string {
  const value = option.value === undefined ? '' : `:${option.value}:${action(option)}`;
  const assign = option.value === undefined ? '' : '=';
  return quoteForShell(`--${option.name}${assign}[${escape(option.summary)}]${value}`);
}

function argumentWord(spec: ArgumentSpec): string {
  return quoteForShell(`${spec.required ? ':' : '::'}${spec.name}:${action(spec)}`);
}

function action(spec: { readonly choices?: readonly string[]; readonly completes?: Completion }): string {
  if (spec.choices !== undefined) return `(${spec.choices.join(' ')})`;
  if (spec.completes === 'directory') return '_files -/';
  return spec.completes === 'file' ? '_files' : ' ';
}

/** Brackets and colons have a meaning in an option's description. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}
