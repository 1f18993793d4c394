// argv -> what to do, checked against the program's table. node:util does the lexing; the checks are ours, so
// that an unknown word gets a suggestion and an error code.
import { parseArgs } from 'node:util';
import { SalverError, printable, nearestWord } from '@salver/core';
import type { ArgumentSpec, Command, CommandInput, OptionSpec, Program } from './command.js';

export type Request =
  | { readonly kind: 'run'; readonly command: Command; readonly input: CommandInput }
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' };

/** Options that exist for the program itself. */
export const HELP_OPTION: OptionSpec = { name: 'help', short: 'h', summary: 'show this help' };
export const VERSION_OPTION: OptionSpec = { name: 'version', short: 'V', summary: 'show the version' };

/** Throws E_USAGE with the nearest known word as hint. `args` is without node and the script. */
export function parseArguments(program: Program, args: readonly string[]): Request {
  const programOptions = [...program.options, HELP_OPTION, VERSION_OPTION];
  const first = lex(args, programOptions).find((token) => token.kind === 'positional');
  const words = args.filter((_word, index) => index !== first?.index);
  if (first === undefined) return parseWithoutCommand(program, words, programOptions);
  if (first.value === 'help') return helpFor(program, words);
  const command = findCommand(program, first.value);
  const options = [...command.options, ...program.options, HELP_OPTION];
  const input = readInput(program, command, { words, options });
  return input.flags.has('help') ? { kind: 'help', command } : { kind: 'run', command, input };
}

function parseWithoutCommand(
  program: Program,
  words: readonly string[],
  options: readonly OptionSpec[],
): Request {
  const input = collect(lex(words, options), { options, where: program.name });
  if (input.flags.has('help')) return { kind: 'help', command: undefined };
  if (input.flags.has('version')) return { kind: 'version' };
  throw usageError('no command given', `see \`${program.name} --help\``);
}

function helpFor(program: Program, words: readonly string[]): Request {
  const [name] = words;
  return { kind: 'help', command: name === undefined ? undefined : findCommand(program, name) };
}

function findCommand(program: Program, name: string): Command {
  const found = program.commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = program.commands.map((command) => command.name);
  throw usageError(
    `unknown command "${printable(name)}"`,
    suggestion(nearestWord(name, names)) ?? `see \`${program.name} --help\``,
  );
}

interface Grammar {
  readonly words: readonly string[];
  readonly options: readonly OptionSpec[];
}

function readInput(program: Program, command: Command, grammar: Grammar): CommandInput {
  const where = `${program.name} ${command.name}`;
  const { own, commandLine } = splitCommandLine(command, grammar.words);
  const { words, ...input } = collect(lex(own, grammar.options), { options: grammar.options, where });
  // Help is given whatever else is missing.
  if (input.flags.has('help')) return { ...input, arguments: new Map(), commandLine };
  if (command.commandLine !== undefined && commandLine.length === 0) {
    throw usageError(`${where} needs a command after "--"`, `example: ${command.examples[0] ?? ''}`);
  }
  return { ...input, arguments: nameArguments(command, words, where), commandLine };
}

/** Only a command that runs others gives `--` that meaning; elsewhere it ends the options. */
function splitCommandLine(
  command: Command,
  words: readonly string[],
): { readonly own: readonly string[]; readonly commandLine: readonly string[] } {
  const end = command.commandLine === undefined ? -1 : words.indexOf('--');
  if (end === -1) return { own: words, commandLine: [] };
  return { own: words.slice(0, end), commandLine: words.slice(end + 1) };
}

/** One piece of the command line, as parseArgs reports it. */
type Token =
  | { readonly kind: 'positional'; readonly index: number; readonly value: string }
  | { readonly kind: 'option-terminator'; readonly index: number }
  | {
      readonly kind: 'option';
      readonly index: number;
      readonly name: string;
      readonly rawName: string;
      readonly value: string | undefined;
    };

function lex(words: readonly string[], options: readonly OptionSpec[]): readonly Token[] {
  const config = Object.fromEntries(
    options.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  // Not strict: unknown options come back as tokens instead of as Node's own error.
  return parseArgs({ args: [...words], options: config, strict: false, allowPositionals: true, tokens: true })
    .tokens;
}

interface Collected extends Pick<CommandInput, 'flags' | 'values' | 'lists'> {
  readonly words: readonly string[];
}

function collect(
  tokens: readonly Token[],
  grammar: { readonly options: readonly OptionSpec[]; readonly where: string },
): Collected {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = grammar.options.find(({ name }) => name === token.name);
    if (option === undefined) throw unknownOption(token.rawName, grammar);
    if (option.value === undefined) flags.add(flagOf(option, token.value));
    else {
      const value = valueOf(option, token.value);
      values.set(option.name, value);
      if (option.repeats === true) lists.set(option.name, [...(lists.get(option.name) ?? []), value]);
    }
  }
  return { flags, values, lists, words };
}

function unknownOption(
  rawName: string,
  grammar: { readonly options: readonly OptionSpec[]; readonly where: string },
): SalverError {
  const names = grammar.options.map(({ name }) => `--${name}`);
  return usageError(
    `unknown option "${printable(rawName)}"`,
    suggestion(nearestWord(rawName, names)) ?? `see \`${grammar.where} --help\``,
  );
}

function flagOf(option: OptionSpec, value: string | undefined): string {
  if (value === undefined) return option.name;
  throw usageError(`--${option.name} takes no value`, `write --${option.name} alone`);
}

function valueOf(option: OptionSpec, value: string | undefined): string {
  if (value === undefined || value === '') {
    throw usageError(`--${option.name} needs a value`, `write --${option.name} ${option.value ?? ''}`);
  }
  return oneOf(option.choices, value, `--${option.name}`);
}

function nameArguments(
  command: Command,
  words: readonly string[],
  where: string,
): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const [index, spec] of command.arguments.entries()) {
    const word = words[index];
    if (word === undefined && spec.required) throw missingArgument(spec, where);
    if (word !== undefined) named.set(spec.name, oneOf(spec.choices, word, spec.name));
  }
  const surplus = words[command.arguments.length];
  if (surplus === undefined) return named;
  throw usageError(`unexpected argument "${printable(surplus)}"`, `see \`${where} --help\``);
}

function missingArgument(spec: ArgumentSpec, where: string): SalverError {
  const choices = spec.choices === undefined ? '' : `one of ${spec.choices.join(', ')}; `;
  return usageError(`${where} needs ${spec.name}`, `${choices}see \`${where} --help\``);
}

function oneOf(choices: readonly string[] | undefined, value: string, what: string): string {
  if (choices === undefined || choices.includes(value)) return value;
  throw usageError(
    `${what} cannot be "${printable(value)}"`,
    suggestion(nearestWord(value, choices)) ?? `one of ${choices.join(', ')}`,
  );
}

function suggestion(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `did you mean ${name}?`;
}

function usageError(message: string, hint: string): SalverError {
  return new SalverError('E_USAGE', message, { hint });
}
