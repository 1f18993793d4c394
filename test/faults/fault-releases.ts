// Small releases for fault runs: a run takes a fraction of a second, and still writes, links and cuts files in all
// the ways the installer knows. What they must look like once installed is taken from GNU tar, not from Salver.
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles, MakeArtifactOptions } from '@salver/testing';
import { listTree } from '../list-tree.js';
import type { Tree } from '../list-tree.js';

export type ReleaseKey = 'before' | 'a' | 'b' | 'sick' | 'hooked' | 'unready';

export interface FaultRelease {
  /** Path of the artifact file. */
  readonly artifact: string;
  /** Name of its directory below releases/. */
  readonly name: string;
  /** Everything that must lie in that directory. */
  readonly tree: Tree;
}

export type FaultReleases = Readonly<Record<ReleaseKey, FaultRelease>>;

/** Above the size at which a file is cut into pieces that are written one by one. */
const LARGE_BYTES = 300 * 1024;
const PARTS_DEFAULT = 12;

/** How large releases are. */
export interface ReleaseSize {
  /** Small files in each of two packages. */
  readonly parts?: number;
  /** Of the one large file. */
  readonly largeBytes?: number;
}

/** The directory of static files, which are kept below shared/static at the same path. */
export const ASSETS = 'public';
const SHARED = 'uploads';
/** Relative, as every link that the installer makes. */
const SHARED_TARGET = `../../shared/${SHARED}`;

/** Where hooks and checks note that they ran: outside of what is judged, and it survives a kill. */
export const HOOK_NOTES = 'shared/hook-notes';

const NOTE = `echo "$SALVER_TXID $SALVER_HOOK $SALVER_RELEASE" >> "$SALVER_ROOT/${HOOK_NOTES}"`;
const CHECK = { run: NOTE, interval: '10ms', deadline: '20s' } as const;
/** One try and no more, so that every run makes the same calls. */
const SICK_CHECK = { run: 'false', interval: '1s', deadline: '150ms' } as const;

const HOSTS: Readonly<Record<ReleaseKey, MakeArtifactOptions['host']>> = {
  before: {},
  a: { shared: [SHARED], hooks: { check: CHECK } },
  b: { shared: [SHARED], hooks: { check: CHECK } },
  sick: { shared: [SHARED], hooks: { check: SICK_CHECK } },
  unready: { shared: [SHARED], hooks: { prepare: { run: 'false' }, check: CHECK } },
  hooked: {
    shared: [SHARED],
    hooks: {
      prepare: { run: NOTE },
      migrate: { run: NOTE, phase: 'expand' },
      reload: { run: NOTE },
      cleanup: { run: NOTE },
      check: CHECK,
    },
  },
};

/** Makes the artifacts below `directory`, once for all points. */
export async function makeFaultReleases(directory: string, size: ReleaseSize = {}): Promise<FaultReleases> {
  const make = (key: ReleaseKey, version: string): Promise<FaultRelease> =>
    makeRelease({ directory, key, version, size });
  return {
    before: await make('before', '0.9.0'),
    a: await make('a', '1.0.0'),
    b: await make('b', '2.0.0'),
    sick: await make('sick', '3.0.0'),
    hooked: await make('hooked', '4.0.0'),
    unready: await make('unready', '5.0.0'),
  };
}

async function makeRelease(wanted: {
  readonly directory: string;
  readonly key: ReleaseKey;
  readonly version: string;
  readonly size: ReleaseSize;
}): Promise<FaultRelease> {
  const { directory, key, version, size } = wanted;
  const host = HOSTS[key] ?? {};
  const unitPaths = ['node_modules/steady', 'node_modules/moving'];
  const assets = { [ASSETS]: { url: `/${ASSETS}/`, keep: '30d' } };
  const options = { version, host, unitPaths, assets };
  const { bytes, id } = await makeArtifact(filesOf(version, size), options);
  const artifact = join(directory, `${key}.tar.gz`);
  writeFileSync(artifact, bytes);
  return { artifact, name: `${version}-${id.slice(0, 12)}`, tree: expectedTree(directory, key, host) };
}

/** Two packages, one of which stays the same from version to version, and an app. */
function filesOf(version: string, size: ReleaseSize): ArtifactFiles {
  const files: Record<string, ArtifactFiles[string]> = {
    'package.json': `{"name":"app","version":"${version}"}\n`,
    'server.js': `console.log('${version}');\n`,
    'bin/start': { data: `#!/bin/sh\necho ${version}\n`, executable: true },
    'bin/latest': { linkTo: 'start' },
    [`${ASSETS}/empty.css`]: '',
    [`${ASSETS}/app-${hash('sha256', version).slice(0, 12)}.js`]: `console.log('${version}');\n`,
    [`${ASSETS}/large.bin`]: largeFile(version, size.largeBytes ?? LARGE_BYTES),
    tmp: { directory: true },
  };
  for (let index = 1; index <= (size.parts ?? PARTS_DEFAULT); index += 1) {
    files[`node_modules/steady/lib/part-${index}.js`] = `module.exports = ${index};\n`;
    files[`node_modules/moving/lib/part-${index}.js`] = `module.exports = '${version}/${index}';\n`;
  }
  return files;
}

/** Differs from version to version in its last bytes only. */
function largeFile(version: string, bytes: number): Buffer {
  return Buffer.concat([Buffer.alloc(bytes, 'salver\n'), Buffer.from(version)]);
}

function expectedTree(
  directory: string,
  key: ReleaseKey,
  host: NonNullable<MakeArtifactOptions['host']>,
): Tree {
  const place = join(directory, `${key}.expected`);
  mkdirSync(place);
  execFileSync('tar', ['-xzf', join(directory, `${key}.tar.gz`), '-C', place]);
  const tree = new Map(listTree(place));
  for (const path of host.shared ?? []) {
    const linkTarget = path === SHARED ? SHARED_TARGET : `../../shared/${path}`;
    tree.set(path, { kind: 'symlink', linkTarget });
  }
  return tree;
}
