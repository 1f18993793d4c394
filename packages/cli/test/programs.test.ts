// The tables of both programs: what holds for every command.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Program } from '../dist/index.js';
import { SALVER, SALVER_HOST } from '../dist/index.js';
import { parseArguments } from '../dist/parse-arguments.js';
import { textWidth } from '../dist/text-width.js';
import { VERSION } from '../dist/version.js';
import { runFake } from './fake-io.js';

const HELP_COLUMNS_MAX = 110;

const COMMANDS = [SALVER, SALVER_HOST].flatMap((program) =>
  program.commands.map((command) => ({ program, command })),
);

test('the version is that of package.json', async () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  assert.equal((JSON.parse(text) as { version: string }).version, VERSION);
  assert.equal((await runFake(SALVER_HOST, ['--version'])).stdout, `salver-host ${VERSION}\n`);
});

for (const { program, command } of COMMANDS) {
  test(`${program.name} ${command.name} --help shows arguments, options and a working example`, async () => {
    const { exitCode, stdout, stderr } = await runFake(program, [command.name, '--help']);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.ok(stdout.includes(`usage: ${program.name} ${command.name}`));
    for (const option of command.options) assert.ok(stdout.includes(`--${option.name}`));
    for (const argument of command.arguments) assert.ok(stdout.includes(argument.name));
    for (const line of stdout.split('\n')) {
      if (!line.startsWith(`  ${program.name} `)) assert.ok(textWidth(line) <= HELP_COLUMNS_MAX, line);
    }
    assert.ok(command.examples.length > 0);
    for (const example of command.examples) {
      assert.ok(stdout.includes(example));
      const words = (example.split(' > ')[0] ?? '').split(' ');
      assert.equal(words[0], program.name);
      assert.equal(parseArguments(program, words.slice(1)).kind, 'run', example);
    }
  });
}

test('the help of a program lists all its commands', async () => {
  for (const program of [SALVER, SALVER_HOST]) {
    const { stdout } = await runFake(program, ['--help']);
    for (const command of program.commands) assert.ok(stdout.includes(`  ${command.name} `), command.name);
  }
});

test('names and short forms of options are unique within each command', () => {
  const unique = (names: readonly string[]): void => assert.equal(new Set(names).size, names.length);
  const optionsOf = (program: Program, index: number) => [
    ...program.options,
    ...(program.commands[index]?.options ?? []),
  ];
  for (const program of [SALVER, SALVER_HOST]) {
    unique(program.commands.map(({ name }) => name));
    program.commands.forEach((_command, index) => {
      unique(['help', 'version', ...optionsOf(program, index).map(({ name }) => name)]);
      unique(['h', 'V', ...optionsOf(program, index).flatMap(({ short }) => short ?? [])]);
    });
  }
});

test('the root comes from --root or SALVER_ROOT, and is asked for where both are missing', async () => {
  const none = await runFake(SALVER_HOST, ['status']);
  assert.equal(none.exitCode, 2);
  assert.match(none.stderr, /SALVER_ROOT/);
  const fromOption = await runFake(SALVER_HOST, ['status', '--root', '/nonexistent/a', '--json']);
  const fromEnv = await runFake(SALVER_HOST, ['status', '--json'], {
    env: { SALVER_ROOT: '/nonexistent/a' },
  });
  assert.equal(fromOption.exitCode, 4);
  assert.deepEqual(JSON.parse(fromEnv.stderr), JSON.parse(fromOption.stderr));
});
