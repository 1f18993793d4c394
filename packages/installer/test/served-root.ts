// A root with a stand-in for the service: an HTTP server in the test that answers as the files of the current
// release tell it to, so that switches and reverts can be seen from outside.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SILENT_PROGRESS, isSalverError } from '@salver/core';
import type { HostSettings, Progress, SalverError } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles, MadeArtifact } from '@salver/testing';
import { makeTempDir } from './test-root.js';

export interface ServedRoot {
  readonly root: string;
  /** Answers with the status in `status` of the current release (200 without), its version in the body. */
  readonly url: string;
}

export async function serveRoot(context: TestContext): Promise<ServedRoot> {
  const root = join(makeTempDir(context), 'root');
  const server = createServer((_request, response) => {
    const file = join(root, 'current/status');
    const status = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 200;
    const version = existsSync(join(root, 'current/version'))
      ? readFileSync(join(root, 'current/version'))
      : '';
    response.writeHead(status, { 'x-app': 'shop' }).end(`version ${String(version)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return { root, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** Version `1.0.<number>` with these settings and files. */
export function release(
  number: number,
  host: HostSettings = {},
  files: ArtifactFiles = {},
): Promise<MadeArtifact> {
  return makeArtifact({ version: `1.0.${number}`, ...files }, { version: `1.0.${number}`, host });
}

export function nameOf(artifact: MadeArtifact): string {
  return `${artifact.manifest.version}-${artifact.id.slice(0, 12)}`;
}

/** The release a link in the root names, or undefined. */
export function linkTo(root: string, name: 'current' | 'previous'): string | undefined {
  try {
    return readlinkSync(join(root, name)).slice('releases/'.length);
  } catch {
    return undefined;
  }
}

/** Progress that keeps what people would see. */
export function listeningProgress(): { readonly progress: Progress; readonly said: string[] } {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  return { progress: { ...SILENT_PROGRESS, warn: say, note: say }, said };
}

/** The lines of the history, parsed. */
export function historyOf(root: string): readonly Record<string, unknown>[] {
  const text = readFileSync(join(root, '.salver/history.jsonl'), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The expected failure that `work` ends with. */
export async function failure(work: Promise<unknown>): Promise<SalverError> {
  try {
    await work;
  } catch (error) {
    if (isSalverError(error)) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it succeeded' });
}
