// Updates from a store when files of the installed release are no longer what was recorded: what they held is fetched as
// well, and the new release is right.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeArtifact, noise, startHttpDouble } from '@salver/testing';
import type { HttpDouble } from '@salver/testing';
import { runJson } from './product-harness.js';
import type { InstallReport } from './product-harness.js';

interface Report extends InstallReport {
  readonly requests: number;
}

let scratch: string;
let http: HttpDouble;
let size: number;
const LARGE = noise(1_500_000, 3);

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-changed-'));
  const store = join(scratch, 'store');
  mkdirSync(store);
  http = await startHttpDouble({ directory: store });
  for (const version of ['1.0.0', '2.0.0']) {
    const files = {
      'server.js': version,
      'node_modules/a/index.js': noise(300_000, 1),
      'node_modules/b/index.js': noise(200_000, 2),
      'node_modules/c/large.node': LARGE,
    };
    const unitPaths = ['node_modules/a', 'node_modules/b', 'node_modules/c'];
    const { bytes } = await makeArtifact(files, { name: 'shop', version, unitPaths });
    size = bytes.length;
    writeFileSync(join(scratch, `${version}.tar.gz`), bytes);
    await runJson('salver', ['push', join(scratch, `${version}.tar.gz`), '--store', store]);
  }
});
after(async () => {
  await http.close();
  rmSync(scratch, { recursive: true, force: true });
});

const CHANGES: Readonly<Record<string, (tree: string) => void>> = {
  nothing: () => undefined,
  'a small file': (tree) => appendFileSync(join(tree, 'node_modules/b/index.js'), 'edited'),
  'a large file': (tree) => appendFileSync(join(tree, 'node_modules/c/large.node'), 'edited'),
  'the middle of a large file': (tree) => {
    const path = join(tree, 'node_modules/c/large.node');
    const bytes = readFileSync(path);
    bytes.fill(0, 700_000, 700_100);
    writeFileSync(path, bytes);
  },
  'a file that is gone': (tree) => rmSync(join(tree, 'node_modules/a/index.js')),
  everything: (tree) => rmSync(join(tree, 'node_modules'), { recursive: true }),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`the update is right although this has changed: ${what}`, async () => {
    const root = join(scratch, what.replaceAll(' ', '-'));
    const install = (version: string): Promise<Report> =>
      runJson<Report>('salver-host', ['install', `shop@${version}`, '--store', http.url, '--root', root]);
    const first = await install('1.0.0');
    change(join(root, 'releases', first.release));
    const second = await install('2.0.0');
    await runJson('salver-host', ['verify', '--root', root]);
    assert.ok(readFileSync(join(root, 'current/node_modules/c/large.node')).equals(LARGE));
    assert.ok(!existsSync(join(root, '.salver/downloads')), 'downloads are cleared away');
    // What is still there does not move: the first read alone brings 128 KiB.
    if (what === 'nothing')
      assert.ok(second.bytesFetched <= 140_000 && second.requests <= 2, `${second.bytesFetched}`);
    if (what !== 'everything') assert.ok(second.bytesFetched < size, `${second.bytesFetched} of ${size}`);
  });
}
