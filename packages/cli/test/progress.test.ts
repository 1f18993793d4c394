// How progress is drawn: on a terminal, in a log, not at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../dist/progress/create-progress.js';
import { LiveProgress } from '../dist/progress/live-progress.js';
import { PlainProgress } from '../dist/progress/plain-progress.js';
import type { DisplayOptions } from '../dist/progress/progress-display.js';
import { QuietProgress } from '../dist/progress/quiet-progress.js';
import { textWidth } from '../dist/text-width.js';
import { FakeOutput } from './fake-io.js';

interface Stage extends DisplayOptions {
  readonly output: FakeOutput;
  nowMs: number;
}

function stage(columns?: number): Stage {
  const output = new FakeOutput(columns === undefined ? undefined : { columns });
  const made = { output, colour: false, utf8: false, nowMs: 0, now: () => made.nowMs };
  return made;
}

/** What a terminal shows after `written`: only the movements that LiveProgress uses are understood. */
function screenAfter(written: string): readonly string[] {
  const lines: string[] = [''];
  // eslint-disable-next-line no-control-regex -- terminal movements are control characters
  for (const [piece] of written.matchAll(/\r\u001b\[\d+A\u001b\[J|\n|[^\r\n\u001b]+/g)) {
    const up = /\[(\d+)A/.exec(piece)?.[1];
    if (up !== undefined && piece.startsWith('\r')) {
      lines.length = lines.length - 1 - Number(up);
      lines.push('');
    } else if (piece === '\n') lines.push('');
    else lines[lines.length - 1] += piece;
  }
  assert.equal(lines.pop(), '', 'the cursor is at the beginning of a line');
  return lines;
}

test('running steps are redrawn in place, finished ones stay above them', () => {
  const on = stage(80);
  const progress = new LiveProgress(on);
  const fetching = progress.step('fetching', 'packages');
  const packing = progress.step('packing', 'bytes');
  on.nowMs = 200;
  fetching.update(50, 100);
  assert.deepEqual(
    screenAfter(on.output.text).map((line) => line.slice(2)),
    ['fetching     ##########.......... 50/100 packages', 'packing     '],
  );
  on.nowMs = 1300;
  fetching.end('100 packages');
  packing.update(1_500_000, 3_000_000);
  packing.detail('lodash@4.17.21');
  on.nowMs = 1400;
  packing.update(3_000_000);
  assert.deepEqual(screenAfter(on.output.text), [
    '* fetching     100 packages  1.3 s',
    '| packing      #################### 3.0 MB of 3.0 MB 1.4 s lodash@4.17.21',
  ]);
  packing.end();
  progress.close();
  assert.deepEqual(screenAfter(on.output.text), [
    '* fetching     100 packages  1.3 s',
    '* packing      1.4 s',
  ]);
});

test('a terminal is drawn to at most twelve times a second', () => {
  const on = stage(80);
  const progress = new LiveProgress(on);
  const step = progress.step('packing', 'files');
  const before = on.output.text.length;
  for (let done = 0; done < 10_000; done += 1) {
    on.nowMs = done / 10;
    step.update(done, 10_000);
  }
  progress.close();
  // eslint-disable-next-line no-control-regex -- terminal movements are control characters
  const drawings = [...on.output.text.slice(before).matchAll(/\u001b\[J/g)].length;
  assert.ok(drawings >= 11 && drawings <= 14, `${drawings} drawings`);
});

test('no line is wider than the terminal, wide characters included', () => {
  const on = stage(40);
  const progress = new LiveProgress(on);
  const step = progress.step('compiling', 'packages');
  on.nowMs = 5000;
  step.update(1, 3);
  on.nowMs = 6000;
  step.detail('日本語'.repeat(30));
  const [line] = screenAfter(on.output.text);
  assert.ok(line !== undefined && textWidth(line) <= 39 && textWidth(line) >= 37, line);
  progress.close();
});

test('control characters of foreign names are not sent to the terminal', () => {
  const on = stage(200);
  const progress = new LiveProgress(on);
  const step = progress.step('fetching');
  on.nowMs = 500;
  step.detail('evil\u001b[2J\rname');
  progress.warn('bad\u001b]0;title\u0007');
  progress.note('a\nb');
  step.end('x\u001b[1m');
  progress.close();
  // eslint-disable-next-line no-control-regex -- terminal movements are control characters
  assert.doesNotMatch(on.output.text.replace(/\r?\u001b\[(\d+A|J)/g, ''), /[\u0000-\u0009\u000b-\u001f]/);
});

test('a warning is shown once, above the running steps', () => {
  const on = stage(80);
  const progress = new LiveProgress(on);
  progress.step('fetching');
  progress.warn('no integrity');
  progress.warn('no integrity');
  assert.equal(screenAfter(on.output.text)[0], 'warning: no integrity');
  assert.equal(screenAfter(on.output.text).length, 2);
  progress.close();
  assert.deepEqual(progress.warnings, ['no integrity']);
});

test('nothing of a step is drawn after the display is closed', () => {
  const on = stage(80);
  const progress = new LiveProgress(on);
  const step = progress.step('fetching');
  progress.close();
  const before = on.output.text;
  on.nowMs = 10_000;
  step.update(1);
  step.end('late');
  progress.note('late');
  assert.equal(on.output.text, before);
});

test('a log gets a line when a step begins, when it ends, and every ten seconds between', () => {
  const on = stage();
  const progress = new PlainProgress(on);
  const step = progress.step('fetching', 'packages');
  step.update(1, 10);
  on.nowMs = 9_000;
  step.update(3, 10);
  on.nowMs = 10_500;
  step.update(4, 10);
  on.nowMs = 12_000;
  step.detail('compiling bufferutil');
  on.nowMs = 21_000;
  step.update(5);
  on.nowMs = 22_000;
  step.end('10 packages, 9 cached');
  step.end('again');
  progress.close();
  assert.equal(
    on.output.text,
    [
      'fetching ...',
      'fetching ... 4/10 packages, 10.5 s',
      'fetching ... 5/10 packages, compiling bufferutil, 21.0 s',
      'fetching: 10 packages, 9 cached, 22.0 s',
      '',
    ].join('\n'),
  );
});

test('quiet shows warnings and nothing else', () => {
  const on = stage();
  const progress = new QuietProgress(on);
  const step = progress.step('fetching');
  step.update(1);
  step.end();
  progress.note();
  progress.warn('careful');
  progress.warn('careful');
  progress.close();
  assert.equal(on.output.text, 'warning: careful\n');
});

test('the kind of display follows from stream, environment and options', () => {
  const none = { json: false, quiet: false };
  const terminal = new FakeOutput({ columns: 80 });
  const log = new FakeOutput();
  const kindOf = (choice: Parameters<typeof createProgress>[0]): string => {
    const progress = createProgress(choice);
    progress.close();
    return progress.constructor.name;
  };
  assert.equal(kindOf({ output: terminal, env: {}, ...none }), 'LiveProgress');
  assert.equal(kindOf({ output: terminal, env: { CI: 'true' }, ...none }), 'PlainProgress');
  assert.equal(kindOf({ output: terminal, env: { TERM: 'dumb' }, ...none }), 'PlainProgress');
  assert.equal(kindOf({ output: log, env: {}, ...none }), 'PlainProgress');
  assert.equal(kindOf({ output: terminal, env: {}, json: false, quiet: true }), 'QuietProgress');
  assert.equal(kindOf({ output: log, env: {}, json: true, quiet: false }), 'QuietProgress');
  assert.equal(kindOf({ output: terminal, env: {}, json: true, quiet: false }), 'LiveProgress');
});
