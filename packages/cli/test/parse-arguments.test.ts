import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../dist/parse-arguments.js';
import { programOf } from './fake-io.js';

const PROGRAM = programOf(() => Promise.resolve({}));

function inputOf(...args: readonly string[]) {
  const request = parseArguments(PROGRAM, args);
  assert.equal(request.kind, 'run');
  if (request.kind !== 'run') throw new TypeError('not a run');
  const { flags, values, arguments: words, commandLine } = request.input;
  return {
    flags: [...flags],
    values: Object.fromEntries(values),
    words: Object.fromEntries(words),
    commandLine,
  };
}

test('options and arguments are taken in any order, before and after the command', () => {
  const expected = {
    flags: ['quiet', 'dry-run'],
    values: { output: 'out', mode: 'fast' },
    words: { FROM: 'a', TO: 'b' },
    commandLine: [],
  };
  assert.deepEqual(
    inputOf('--quiet', 'work', 'a', '--dry-run', 'b', '--output', 'out', '--mode=fast'),
    expected,
  );
  assert.deepEqual(inputOf('work', '-q', '--dry-run', '-o', 'out', 'a', '--mode', 'fast', 'b'), expected);
});

test('words behind -- are arguments even when they look like options', () => {
  assert.deepEqual(inputOf('work', '--', '--output').words, { FROM: '--output' });
});

test('everything behind -- belongs to the command line of a command that runs others', () => {
  const program = programOf(() => Promise.resolve({}), { arguments: [], commandLine: 'COMMAND...' });
  const request = parseArguments(program, ['work', '-o', 'x', '--', 'node', '--version', '--', '-q']);
  assert.ok(request.kind === 'run');
  assert.deepEqual(request.input.commandLine, ['node', '--version', '--', '-q']);
  assert.deepEqual([...request.input.flags], []);
  assert.throws(() => parseArguments(program, ['work']), { code: 'E_USAGE' });
  assert.throws(() => parseArguments(program, ['work', 'node']), { code: 'E_USAGE' });
});

const REFUSED: readonly [args: readonly string[], message: RegExp, hint: RegExp][] = [
  [[], /no command/, /tool --help/],
  [['--json'], /no command/, /tool --help/],
  [['wrok', 'a'], /unknown command "wrok"/, /did you mean work\?/],
  [['zzzzzz'], /unknown command/, /tool --help/],
  [['work', 'a', '--outptu', 'x'], /unknown option "--outptu"/, /did you mean --output\?/],
  [['work', 'a', '-x'], /unknown option "-x"/, /tool work --help/],
  [['work', 'a', '--output'], /--output needs a value/, /--output DIR/],
  [['work', 'a', '--output='], /--output needs a value/, /--output DIR/],
  [['work', 'a', '--json=yes'], /--json takes no value/, /--json alone/],
  [['work', 'a', '--mode', 'fsat'], /--mode cannot be "fsat"/, /did you mean fast\?/],
  [['work', 'a', '--mode', 'other'], /--mode cannot be/, /one of fast, slow/],
  [['work'], /tool work needs FROM/, /tool work --help/],
  [['work', 'a', 'b', 'c'], /unexpected argument "c"/, /tool work --help/],
  [['work', 'a', '--__proto__'], /unknown option/, /--help/],
  [['work', 'a', '--constructor'], /unknown option/, /--help/],
  [['wo\u001b[31mrk'], /unknown command "wo\\u001b/, /./],
];

for (const [args, message, hint] of REFUSED) {
  test(`${JSON.stringify(args)} is refused with E_USAGE and a hint`, () => {
    assert.throws(
      () => parseArguments(PROGRAM, args),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'E_USAGE');
        assert.match(error.message, message);
        assert.match(error.hint ?? '', hint);
        return true;
      },
    );
  });
}

test('help is given for the program and for a command, whatever else is missing', () => {
  const [command] = PROGRAM.commands;
  assert.deepEqual(parseArguments(PROGRAM, ['--help']), { kind: 'help', command: undefined });
  assert.deepEqual(parseArguments(PROGRAM, ['help']), { kind: 'help', command: undefined });
  for (const args of [
    ['work', '--help'],
    ['work', '-h', 'a'],
    ['help', 'work'],
  ]) {
    assert.deepEqual(parseArguments(PROGRAM, args), { kind: 'help', command });
  }
  assert.throws(() => parseArguments(PROGRAM, ['help', 'wrok']), { code: 'E_USAGE' });
});

test('the version is asked for with --version or -V', () => {
  assert.deepEqual(parseArguments(PROGRAM, ['--version']), { kind: 'version' });
  assert.deepEqual(parseArguments(PROGRAM, ['-V']), { kind: 'version' });
});
