// The Django app of the benchmark, with real packages from PyPI or whatever index pip is configured for: what tests of
// it share. Tests are skipped, with the reason, where the index is not reached.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, runProgram, startCommand, workspaceDirectory } from './product-harness.js';
import type { BuildReport, RunOptions } from './product-harness.js';
import { missingHeaders } from './python-app.js';
import type { Explained } from './python-differences.js';

const APP = join(workspaceDirectory, 'scripts/bench/locks/python');

/** Why the lock's packages cannot be used here. */
export function missingRealPython(): string | undefined {
  return spawnSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 10)']).status === 0
    ? undefined
    : 'python3 (3.10 or later) is not installed';
}

/** Why uwsgi and psycopg2 cannot be compiled here. */
export function missingForCompiling(): string | undefined {
  const line = 'command -v gcc && test -e "$(pg_config --includedir)/libpq-fe.h"';
  const hasLibpq = spawnSync('sh', ['-c', line]).status === 0;
  return missingRealPython() ?? missingHeaders() ?? (hasLibpq ? undefined : 'libpq-dev is not installed');
}

/** Writes the app; its lock has uwsgi and psycopg2 when they are to be compiled. */
export function writeRealApp(directory: string, { compiled }: { readonly compiled: boolean }): string {
  cpSync(APP, directory, { recursive: true });
  const more = join(directory, 'requirements-compiled.txt');
  const lock = join(directory, 'requirements.txt');
  if (compiled) writeFileSync(lock, `${readFileSync(lock, 'utf8')}${readFileSync(more, 'utf8')}`);
  rmSync(more);
  return directory;
}

/** A build over the network: its report, or why the index cannot be used. */
export async function tryBuild(
  app: string,
  out: string,
  options: RunOptions,
): Promise<BuildReport | { readonly unreachable: string }> {
  const { status, stdout, stderr } = await runProgram(
    'salver',
    ['build', app, '--output', out, '--json'],
    options,
  );
  if (status === 0) return JSON.parse(stdout) as BuildReport;
  const { code, message } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Record<string, string>;
  const isNetwork = code === 'E_REGISTRY_UNREACHABLE' || code === 'E_REGISTRY_DENIED';
  assert.ok(isNetwork, stderr);
  return { unreachable: `the package index is not reached: ${message ?? ''}` };
}

/** What pip makes of the app's lock; undefined where there is no pip. */
export async function pipEnvironment(app: string, venv: string): Promise<string | undefined> {
  if ((await startCommand('python3', ['-m', 'venv', venv]).ended).status !== 0) return undefined;
  const from = ['--require-hashes', '--requirement', join(app, 'requirements.txt')];
  await runCommand(join(venv, 'bin/pip'), ['install', '--quiet', '--no-deps', ...from]);
  return join(venv, 'bin/pip');
}

/** `pip check` of an installed release. */
export async function pipCheck(pip: string, root: string): Promise<void> {
  const { stdout } = await runCommand(pip, ['--python', join(root, 'current/.venv/bin/python'), 'check']);
  assert.match(stdout, /No broken requirements/);
}

/** Runs a program of Python in the release and returns what it prints. */
export async function runInRelease(root: string, program: string): Promise<string> {
  const args = ['run', '--root', root, '--', 'python', '-c', program];
  const result = await runProgram('salver-host', args);
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.trim();
}

/** Uses every package that comes as a wheel. */
export const USE_WHEELS = `
import io, json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import cryptography, django, gunicorn, psycopg
from cryptography.fernet import Fernet
from django.test import Client
from PIL import Image, features
django.setup()
key = Fernet(Fernet.generate_key())
picture = Client().get("/thumbnail/32").content
print(json.dumps({
    "django": django.__version__, "home": Client().get("/").content.decode(),
    "webp": Image.open(io.BytesIO(picture)).format, "size": Image.open(io.BytesIO(picture)).size[0],
    "psycopg": psycopg.pq.__impl__, "fernet": key.decrypt(key.encrypt(b"secret")).decode(),
}))
`;

/** Programs of the wheels. */
export const LAUNCHERS: Explained = [
  [/^bin\/(cffi-gen-src|django-admin|gunicorn|gunicornc|sqlformat)$/, 'launchers that name no path'],
];
