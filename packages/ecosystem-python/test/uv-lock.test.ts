import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EcosystemContext } from '@salver/core';
import { exportUvLock } from '../dist/uv-lock.js';
import { withContext } from './context-double.js';

const CHOICE = { extras: ['pg'], groups: ['web'] };
const NOTHING = { extras: [], groups: [] };

/** A project with a uv.lock, and a program in uv's place that notes how it was called. */
async function withUv(
  script: string,
  work: (context: EcosystemContext, calls: () => string) => Promise<void>,
): Promise<void> {
  await withContext(async (context) => {
    const bin = join(context.projectDir, 'bin');
    mkdirSync(bin);
    const log = join(context.projectDir, 'calls');
    writeFileSync(join(bin, 'uv'), `#!/bin/sh\necho "$*" >>'${log}'\n${script}\n`, { mode: 0o755 });
    writeFileSync(join(context.projectDir, 'uv.lock'), 'version = 1\n');
    const calls = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await work({ ...context, env: { ...context.env, PATH: `${bin}:/usr/bin:/bin` } }, calls);
  });
}

test('asks uv for the export once, with what is chosen', () =>
  withUv('echo exported', async (context, calls) => {
    assert.equal(await exportUvLock(context, CHOICE), 'exported\n');
    assert.equal(await exportUvLock(context, CHOICE), 'exported\n');
    assert.equal(
      calls(),
      'export --frozen --no-dev --no-emit-project --no-header --format pylock.toml --extra pg --group web\n',
    );
    await exportUvLock(context, NOTHING);
    writeFileSync(join(context.projectDir, 'uv.lock'), 'version = 2\n');
    await exportUvLock(context, NOTHING);
    assert.equal(calls().split('\n').length - 1, 3);
  }));

test('needs no uv when the export is remembered', () =>
  withUv('echo exported', async (context) => {
    await exportUvLock(context, NOTHING);
    assert.equal(await exportUvLock({ ...context, env: { PATH: '/nowhere' } }, NOTHING), 'exported\n');
  }));

const FAILURES: readonly (readonly [title: string, script: string, code: string])[] = [
  ['a stale lock', 'echo "The lockfile at uv.lock needs to be updated" >&2; exit 2', 'E_LOCK_OUT_OF_SYNC'],
  ['a lock that uv cannot read', 'echo "Failed to parse uv.lock" >&2; exit 2', 'E_LOCK_INVALID'],
];

for (const [title, script, code] of FAILURES) {
  test(`says of ${title} what uv says`, () =>
    withUv(script, async (context) => {
      await assert.rejects(exportUvLock(context, NOTHING), { code, message: /uv\.lock/ });
    }));
}

test('says how a builder without uv can read the lock', () =>
  withUv('exit 1', async (context) => {
    await assert.rejects(exportUvLock({ ...context, env: { PATH: '/nowhere' } }, NOTHING), {
      code: 'E_TOOL_MISSING',
      hint: /uv export .*pylock\.toml/,
    });
  }));
