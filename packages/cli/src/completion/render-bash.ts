import type { ArgumentSpec, Command, OptionSpec, Program } from '../command.js';
import { HELP_OPTION, VERSION_OPTION } from '../parse-arguments.js';

/** A completion script for bash 4 and later; it needs no bash-completion package. */
export function renderBash(program: Program): string {
  const name = functionName(program);
  const top = [
    ...program.commands.map((command) => command.name),
    ...words([...program.options, HELP_OPTION, VERSION_OPTION]),
  ];
  return `# bash completion of ${program.name}
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= word
  local words= files=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) command=$word; break ;;
    esac
  done
  case $command in
${program.commands.map((command) => renderCommand(program, command)).join('\n')}
    *) words="${top.join(' ')}" ;;
  esac
  COMPREPLY=()
  case $files in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
  esac
  mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F ${name} ${program.name}
`;
}

function functionName(program: Program): string {
  return `_${program.name.replaceAll('-', '_')}`;
}

function words(options: readonly OptionSpec[]): readonly string[] {
  return options.map((option) => `--${option.name}`);
}

function renderCommand(program: Program, command: Command): string {
  const options = [...command.options, ...program.options, HELP_OPTION];
  const valued = options.filter((option) => option.value !== undefined);
  const fallback = `words="${[...argumentWords(command.arguments), ...words(options)].join(' ')}"${filesOf(command.arguments)}`;
  if (valued.length === 0) return `    ${command.name}) ${fallback} ;;`;
  return `    ${command.name})
      case $before in
${valued.map((option) => `        --${option.name}) words="${(option.choices ?? []).join(' ')}"${filesOf([option])} ;;`).join('\n')}
        *) ${fallback} ;;
      esac ;;`;
}

function argumentWords(specs: readonly ArgumentSpec[]): readonly string[] {
  return specs.flatMap((spec) => spec.choices ?? []);
}

function filesOf(specs: readonly Pick<ArgumentSpec, 'completes'>[]): string {
  const completes = specs.find((spec) => spec.completes !== undefined)?.completes;
  return completes === undefined ? '' : ` files=${completes}`;
}
