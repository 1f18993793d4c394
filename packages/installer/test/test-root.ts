// A fresh root on a real disk, and short ways to look at it from outside, without the installer's own code.
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isSalverError } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import { installRelease } from '@salver/installer';
import type { InstallOptions, InstallResult } from '@salver/installer';
import { memorySource } from '@salver/testing';
import type { MadeArtifact } from '@salver/testing';

/** A temporary directory that is removed after the test. */
export function makeTempDir(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'salver-installer-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Installs an artifact from memory; `files` durability, so that tests do not flush the machine's disks. */
export function install(
  root: string,
  artifact: MadeArtifact | Buffer,
  options: Partial<InstallOptions> = {},
): Promise<InstallResult> {
  const source = memorySource(Buffer.isBuffer(artifact) ? artifact : artifact.bytes);
  return installRelease({ root, source, durability: 'none', ...options });
}

/** Everything below a directory: path -> kind, mode, content or link target. */
export function snapshot(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  const top = realpathSync(directory);
  // With file types: without them readdir walks through links to directories.
  for (const entry of readdirSync(top, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(top.length + 1);
    const stats = lstatSync(full);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isSymbolicLink()) found[path] = `link ${readlinkSync(full)}`;
    else if (stats.isDirectory()) found[path] = `directory ${mode}`;
    else found[path] = `file ${mode} ${readFileSync(full, 'latin1')}`;
  }
  return found;
}

/** A check for assert.rejects: this code and no other. */
export function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    if (isSalverError(error, code)) return true;
    throw error;
  };
}
