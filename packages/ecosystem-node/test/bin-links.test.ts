import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeBin } from '../dist/bin-links.js';
import { entry, planOf } from './project-double.js';

const BINS = [
  ['cli.js', 'tool', { tool: 'cli.js' }],
  ['./cli.js', '@scope/tool', { tool: 'cli.js' }],
  [{ a: './bin/a', b: 'b/../c' }, 'x', { a: 'bin/a', b: 'c' }],
  [{ a: '../../etc/passwd', '../b': '/abs' }, 'x', { a: 'etc/passwd', b: 'abs' }],
  [{ 'a/b': 'c', 'd\\e': 'f', 'g:h': 'i' }, 'x', { b: 'c', e: 'f', h: 'i' }],
  [{ a: 1, b: '', '': 'c', '..': 'd', '.': 'e' }, 'x', {}],
  [['bin/one', 'two'], 'x', { one: 'bin/one', two: 'two' }],
  [undefined, 'x', {}],
  [7, 'x', {}],
  [JSON.parse('{"__proto__":"x"}'), 'x', {}],
] as const;

test('bin fields are cleaned so that neither name nor path leaves its place', () => {
  for (const [bin, name, expected] of BINS) {
    assert.deepEqual(normalizeBin(bin, name), expected, JSON.stringify(bin));
  }
});

test('links are relative to their own level, scoped packages one deeper', async () => {
  const plan = await planOf({
    manifest: { name: 'app', bin: 'app.js', dependencies: { '@s/a': '1', b: '1' } },
    packages: {
      'node_modules/@s/a': entry('1.0.0', { bin: { a: 'bin/a.js' }, dependencies: { b: '2' } }),
      'node_modules/@s/a/node_modules/b': entry('2.0.0', { bin: 'b.js' }),
      'node_modules/b': entry('1.0.0', { bin: { b: './b.js' } }),
    },
  });
  assert.deepEqual(
    plan.productionBins.map(({ location, linkTarget }) => [location, linkTarget]),
    [
      ['node_modules/.bin/a', '../@s/a/bin/a.js'],
      ['node_modules/.bin/b', '../b/b.js'],
      ['node_modules/@s/a/node_modules/.bin/b', '../b/b.js'],
    ],
  );
});

test('the first by path has the name, packages before links, and development may change the winner', async () => {
  const manifest = {
    name: 'app',
    workspaces: ['packages/a'],
    dependencies: { b: '1', a: '1' },
    devDependencies: { 'a-dev': '1' },
  };
  const plan = await planOf({
    manifest,
    packages: {
      'packages/a': { name: '@w/a', version: '1.0.0' },
      'node_modules/@w/a': { link: true, resolved: 'packages/a' },
      'node_modules/b': entry('1.0.0', { bin: { tool: 'b.js', solo: 'solo.js' } }),
      'node_modules/a': entry('1.0.0', { bin: { mine: 'a.js' } }),
      'node_modules/a-dev': entry('1.0.0', { dev: true, bin: { tool: 'dev.js' } }),
    },
    files: {
      'packages/a/package.json': '{"name":"@w/a","version":"1.0.0","bin":{"tool":"t.js","ws":"w.js"}}',
    },
  });
  const owners = (bins: typeof plan.allBins): object =>
    Object.fromEntries(bins.map((bin) => [bin.location.slice('node_modules/.bin/'.length), bin.owner]));
  assert.deepEqual(owners(plan.productionBins), {
    mine: 'node_modules/a',
    solo: 'node_modules/b',
    tool: 'node_modules/b',
    ws: 'node_modules/@w/a',
  });
  assert.deepEqual(owners(plan.allBins), {
    mine: 'node_modules/a',
    solo: 'node_modules/b',
    tool: 'node_modules/a-dev',
    ws: 'node_modules/@w/a',
  });
  const ws = plan.allBins.find((bin) => bin.location.endsWith('/ws'));
  assert.equal(ws?.linkTarget, '../@w/a/w.js');
});

test('names that only differ in punctuation are ordered by the English collation', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { 'a-b': '1', a_b: '1' } },
    packages: {
      'node_modules/a-b': entry('1.0.0', { bin: { tool: 'dash.js' } }),
      'node_modules/a_b': entry('1.0.0', { bin: { tool: 'underscore.js' } }),
    },
  });
  assert.equal(
    plan.allBins[0]?.owner,
    ['node_modules/a-b', 'node_modules/a_b'].sort((a, b) => a.localeCompare(b, 'en'))[0],
  );
  assert.equal(plan.allBins[0]?.owner, 'node_modules/a_b');
});

test('bin-links=false in .npmrc makes no links', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: { 'node_modules/a': entry('1.0.0', { bin: 'a.js' }) },
    files: { '.npmrc': 'bin-links=false' },
  });
  assert.deepEqual(plan.allBins, []);
  assert.deepEqual(plan.packages[0]?.bin, { a: 'a.js' });
});

test('directories.bin of a linked directory gives one bin per file', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { tools: 'file:tools' } },
    packages: {
      tools: { version: '1.0.0' },
      'node_modules/tools': { link: true, resolved: 'tools' },
    },
    files: {
      'tools/package.json': '{"name":"tools","version":"1.0.0","directories":{"bin":"./bin"}}',
      'tools/bin/one': '',
      'tools/bin/.hidden': '',
    },
  });
  assert.deepEqual(
    plan.allBins.map((bin) => [bin.location, bin.linkTarget]),
    [['node_modules/.bin/one', '../tools/bin/one']],
  );
});
