// The edge of the program: signals and closed pipes, in a real process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const RUN_PROCESS = new URL('../dist/run-process.js', import.meta.url).href;

/** Source of a program whose command `work` has this body. */
function programSource(body: string): string {
  return `
    const { runProcess } = await import(${JSON.stringify(RUN_PROCESS)});
    const run = async ({ signal }) => { ${body} };
    const command = { name: 'work', summary: '', options: [], arguments: [], examples: [], load: async () => ({ run }) };
    await runProcess({ name: 'tool', summary: '', options: [], commands: [command] });`;
}

function start(body: string) {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    programSource(body),
    'tool',
    'work',
  ]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return { child, stderr: () => stderr };
}

/** Waits for the signal, cleans up, and fails as a library function does. */
const WAITS = `
  console.log('ready');
  const waiting = setInterval(() => {}, 1000);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  clearInterval(waiting);
  console.error('cleaned up');
  throw new Error('aborted');`;

for (const [name, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${name} lets the command clean up and ends with ${exitCode}`, async () => {
    const { child, stderr } = start(WAITS);
    await once(child.stdout, 'data');
    child.kill(name);
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode);
    assert.equal(stderr(), `cleaned up\nerror: stopped by ${name} [E_INTERRUPTED]\n`);
  });
}

test('a second signal ends a command that does not stop', async () => {
  const { child } = start(`
    setInterval(() => {}, 1000);
    signal.addEventListener('abort', () => console.log('aborted'));
    console.log('ready');
    await new Promise(() => {});`);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 130);
});

test('a reader that goes away is no failure', async () => {
  const { child, stderr } = start(`
    process.stderr.write('ready');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    return { text: 'x'.repeat(1_000_000) };`);
  await once(child.stderr, 'data');
  child.stdout.destroy();
  child.stdin.end('go');
  const [code] = (await once(child, 'close')) as [number];
  assert.deepEqual([code, stderr()], [0, 'ready']);
});

test('an error that no promise carries is shown as a bug, with exit status 70', async () => {
  const { child, stderr } = start(
    `setTimeout(() => { throw new TypeError('lost'); }); await new Promise(() => {});`,
  );
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 70);
  assert.match(stderr(), /^error: lost \[E_INTERNAL\]/);
});
