// Completion scripts: each shell that is here must at least read its own, and bash must complete.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderCompletion } from '../dist/completion/render-completion.js';
import { SALVER, SALVER_HOST } from '../dist/index.js';

const PROGRAMS = [SALVER, SALVER_HOST];

function skipWithout(shell: string): string | false {
  return spawnSync(shell, ['-c', 'true']).status === 0 ? false : `${shell} is not installed`;
}

/** Lets a shell read a script without running it. */
function readScript(shell: string, args: readonly string[], script: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'salver-completion-'));
  try {
    writeFileSync(join(directory, 'script'), script);
    const { status, stderr } = spawnSync(shell, [...args, join(directory, 'script')], { encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const program of PROGRAMS) {
  test(`bash reads the script of ${program.name}`, { skip: skipWithout('bash') }, () => {
    readScript('bash', ['-n'], renderCompletion(program, 'bash'));
  });
  test(`zsh reads the script of ${program.name}`, { skip: skipWithout('zsh') }, () => {
    readScript('zsh', ['-f', '-n'], renderCompletion(program, 'zsh'));
  });
  test(`fish reads the script of ${program.name}`, { skip: skipWithout('fish') }, () => {
    readScript('fish', ['--no-config', '--no-execute'], renderCompletion(program, 'fish'));
  });
  test(`every script of ${program.name} names every command and option`, () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = renderCompletion(program, shell);
      for (const command of program.commands) {
        assert.ok(script.includes(command.name), `${shell}: ${command.name}`);
        for (const { name } of command.options) assert.ok(script.includes(name), `${shell}: --${name}`);
      }
    }
  });
}

/** What bash offers for the last of `words`. */
function completeInBash(words: readonly string[]): readonly string[] {
  const script = `${renderCompletion(SALVER, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_salver; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: '/' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes commands, options, values and directories', { skip: skipWithout('bash') }, () => {
  assert.deepEqual(completeInBash(['salver', 'in']), ['init', 'inspect']);
  assert.deepEqual(completeInBash(['salver', 'build', '--off']), ['--offline']);
  assert.deepEqual(completeInBash(['salver', 'cache', 'pr']), ['prune']);
  assert.deepEqual(completeInBash(['salver', 'completion', '']).slice(0, 3), ['bash', 'zsh', 'fish']);
  assert.ok(completeInBash(['salver', 'build', '--output', '/us']).includes('/usr'));
});
