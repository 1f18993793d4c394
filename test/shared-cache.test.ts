// Build servers that share a cache: a fresh one builds warm, nothing is compiled twice in a team, and a store that lies or
// fails never spoils a build.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startS3Double } from '@salver/testing';
import type { S3Double } from '@salver/testing';
import { runJson } from './product-harness.js';
import type { BuildReport } from './product-harness.js';
import { closedPortUrl, registryEnv, startRegistry } from './registry-double.js';
import { packageOfFiles, writeSampleApp } from './sample-app.js';
import type { DoublePackage } from './registry-double.js';

const PACKAGES = 40;

let scratch: string;
let double: S3Double;
let registry: { readonly url: string; close(): Promise<void> };
let packages: readonly DoublePackage[];
/** A line for each time something was compiled. */
let compiled: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-shared-'));
  compiled = join(scratch, 'compiled');
  double = await startS3Double();
  const native: DoublePackage = {
    name: 'native',
    version: '1.0.0',
    fields: { scripts: { install: 'node build.js' } },
    files: {
      'build.js': `const fs = require('fs');
        fs.appendFileSync(${JSON.stringify(compiled)}, 'once\\n');
        fs.writeFileSync('built.txt', 'x'.repeat(200000));`,
    },
  };
  packages = [
    native,
    ...Array.from({ length: PACKAGES }, (_, index) => packageOfFiles(`p${index}`, '1.0.0', 5)),
  ];
  registry = await startRegistry(packages);
});
after(async () => {
  await registry.close();
  await double.close();
  rmSync(scratch, { recursive: true, force: true });
});

interface Built extends BuildReport {
  readonly packagesCached: number;
  readonly downloadedBytes: number;
  readonly warnings: readonly string[];
}

let builds = 0;

/** Builds with a cache of its own, as a fresh server does. */
async function build(
  name: string,
  shared: string,
  how: { readonly offline?: boolean; readonly packages?: readonly DoublePackage[] } = {},
): Promise<Built> {
  builds += 1;
  const project = join(scratch, `project-${builds}`);
  mkdirSync(project);
  writeSampleApp(project, {
    packages: how.packages ?? packages,
    files: { 'server.js': `console.log('${name}');\n` },
  });
  const config = { name, dependencies: { allowScripts: { native: true } } };
  writeFileSync(join(project, 'salver.json'), JSON.stringify(config));
  const url = how.offline === true ? await closedPortUrl() : registry.url;
  const env = { ...registryEnv({ cache: join(scratch, `cache-${builds}`), registry: url }), ...double.env };
  const more = how.offline === true ? ['--offline'] : [];
  const output = join(scratch, `out-${builds}`);
  return runJson<Built>('salver', ['build', project, '--output', output, '--cache', shared, ...more], {
    env,
  });
}

function timesCompiled(): number {
  return existsSync(compiled) ? readFileSync(compiled, 'utf8').split('\n').length - 1 : 0;
}

const PLACES: Readonly<Record<string, () => string>> = {
  'a directory': () => {
    const directory = join(scratch, 'shared');
    mkdirSync(directory);
    return `file://${directory}`;
  },
  s3: () => double.url('shared'),
};

for (const [kind, place] of Object.entries(PLACES)) {
  test(`${kind}: a fresh server builds warm without a registry, and compiles nothing`, async () => {
    const shared = place();
    rmSync(compiled, { force: true });
    const first = await build('shop', shared);
    assert.equal(timesCompiled(), 1);
    assert.deepEqual(first.warnings, []);
    const second = await build('shop', shared, { offline: true });
    assert.equal(timesCompiled(), 1);
    assert.deepEqual([second.id, second.downloadedBytes], [first.id, 0]);
    assert.ok(readFileSync(second.artifact).equals(readFileSync(first.artifact)));
    // Another app of the team with the same package: found by its key.
    await build('blog', shared, { packages: packages.slice(0, 3) });
    assert.equal(timesCompiled(), 1);
  });
}

test('a shared unit with other bytes is not used, and said to be damaged', async () => {
  const directory = join(scratch, 'lying');
  mkdirSync(directory);
  const first = await build('shop', `file://${directory}`);
  let spoiled = 0;
  const cache = join(directory, 'salver-cache');
  for (const file of readdirSync(cache, { recursive: true, encoding: 'utf8' })) {
    if (!/^(units|packs)\/.*[0-9a-f]{60}/.test(file)) continue;
    const bytes = readFileSync(join(cache, file));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(join(cache, file), bytes);
    spoiled += 1;
  }
  assert.ok(spoiled > 1);
  const second = await build('shop', `file://${directory}`);
  assert.equal(second.id, first.id);
  assert.match(second.warnings.join(), /E_CACHE_DAMAGED/);
});

test('a shared cache that cannot be reached is a warning', async () => {
  const nowhere = (await closedPortUrl()).replace(/\/$/, '');
  const { warnings, id } = await build('shop', `${nowhere}/cache`);
  assert.match(warnings.join(), /the shared cache is not used/);
  assert.match(id, /^[0-9a-f]{64}$/);
});
