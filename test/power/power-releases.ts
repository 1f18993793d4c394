// Small releases whose every byte is known without the installer: GNU tar says how they look unpacked.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles, MakeArtifactOptions } from '@salver/testing';
import { listTree } from '../product-harness.js';
import type { Tree } from '../product-harness.js';

export interface PowerRelease {
  /** Path of the artifact file, outside the disk whose power is cut. */
  readonly artifact: string;
  readonly name: string;
  readonly id: string;
  /** As GNU tar unpacks it. */
  readonly tree: Tree;
}

/** `old` runs, `next` follows it, `sick` fails its health check, `last` follows them all. */
export interface PowerReleases {
  readonly old: PowerRelease;
  readonly next: PowerRelease;
  readonly sick: PowerRelease;
  readonly last: PowerRelease;
}

const STEADY: ArtifactFiles = {
  'node_modules/a/index.js': 'module.exports = "a";\n',
  'node_modules/a/bin/run': { data: '#!/bin/sh\n', executable: true },
  'node_modules/.bin/run': { linkTo: '../a/bin/run' },
};

/** Longer than a page, so that losing data shows also where a short file would fit into its inode. */
const LINES = 300;

/** `reload` is run by the host after each switch to one of them, except `sick`. */
export async function makePowerReleases(
  directory: string,
  { reload }: { readonly reload?: string } = {},
): Promise<PowerReleases> {
  const host = reload === undefined ? {} : { hooks: { reload: { run: reload } } };
  const check = { run: 'exit 1', deadline: '1ms', interval: '1ms', passes: 1, timeout: '5s' };
  return {
    old: await writeRelease(directory, '1.0.0', { host }),
    next: await writeRelease(directory, '2.0.0', { host }),
    sick: await writeRelease(directory, '3.0.0', { host: { hooks: { check } } }),
    last: await writeRelease(directory, '4.0.0', { host }),
  };
}

async function writeRelease(
  directory: string,
  version: string,
  options: MakeArtifactOptions = {},
): Promise<PowerRelease> {
  const files = {
    ...STEADY,
    'server.js': `console.log('${version}');\n`.repeat(LINES),
    'public/page.html': `<p>${version}</p>\n`,
  };
  const made = await makeArtifact(files, { ...options, version, unitPaths: ['node_modules/a'] });
  const artifact = join(directory, `${version}.tar.gz`);
  writeFileSync(artifact, made.bytes);
  const unpacked = join(directory, version);
  mkdirSync(unpacked);
  execFileSync('tar', ['-xzf', artifact, '-C', unpacked], { stdio: 'pipe' });
  const tree = listTree(unpacked);
  return { artifact, name: `${version}-${made.id.slice(0, 12)}`, id: made.id, tree };
}
