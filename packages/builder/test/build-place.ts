// A project, an output directory and a cache for one test, and the build of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SILENT_PROGRESS, isSalverError, readHead } from '@salver/core';
import type { ArtifactHead, ErrorCode } from '@salver/core';
import { buildRelease, openBuildCache } from '@salver/builder';
import type { BuildOptions, BuildResult } from '@salver/builder';
import { noise } from '@salver/testing';
import { fakeEcosystem } from './fake-ecosystem.js';
import type { FakeOptions } from './fake-ecosystem.js';
import { listFiles, tempDir, writeTree } from './temp-tree.js';

export const APP = {
  'package.json': '{"name": "shop", "version": "1.4.2"}',
  'deps.lock': 'a=one\nb=two\n',
  'server.js': 'run();\n',
  'public/logo.png': noise(20_000),
  'salver.json': '{"start": "node server.js", "keep": 3}',
};

export interface Place {
  readonly project: string;
  readonly output: string;
  readonly cache: string;
}

export function places(t: TestContext, files: Readonly<Record<string, string | Buffer>> = APP): Place {
  const base = tempDir(t);
  const place = { project: join(base, 'project'), output: join(base, 'output'), cache: join(base, 'cache') };
  writeTree(place.project, files);
  return place;
}

/** Builds like the command line does: a fresh process would open the cache anew. */
export function build(
  place: Place,
  fake: FakeOptions = {},
  more: Partial<BuildOptions> = {},
): Promise<BuildResult> {
  const progress = more.progress ?? SILENT_PROGRESS;
  const env = { PATH: process.env.PATH };
  return buildRelease({
    projectDir: place.project,
    outputDir: place.output,
    ecosystems: [fakeEcosystem(fake)],
    cache: openBuildCache({ directory: place.cache, progress, env }),
    installScript: '#!/bin/sh\necho install\n',
    builderVersion: '0.0.0-test',
    progress,
    env,
    signal: new AbortController().signal,
    ...more,
  });
}

export function headOf(artifact: string): ArtifactHead {
  const bytes = readFileSync(artifact);
  return readHead({
    description: artifact,
    sizeBytes: bytes.length,
    readSync: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => undefined,
  });
}

/** Unpacks with the tar of the system and lists what came out. */
export function unpack(
  t: TestContext,
  artifact: string,
): { readonly root: string; readonly files: readonly string[] } {
  const root = tempDir(t);
  execFileSync('tar', ['xzf', artifact, '-C', root]);
  return { root, files: listFiles(root) };
}

/** Nothing of a failed build is left: no file in the output, nothing temporary, no clean copy. */
export function assertNothingLeft(place: Place): void {
  if (existsSync(place.output)) assert.deepEqual(readdirSync(place.output), []);
  for (const name of ['tmp', 'work']) {
    const directory = join(place.cache, name);
    if (existsSync(directory)) assert.deepEqual(readdirSync(directory), [], name);
  }
}

export function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isSalverError(error), String(error));
    assert.equal(error.code, code);
    return true;
  };
}
