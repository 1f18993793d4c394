// The Django part of a build, after the app's own commands: static files collected, checks run, migrations classified.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, comparePaths, formatTail, printable, runCommand } from '@salver/core';
import type {
  BuildFindings,
  DjangoSettings,
  EcosystemContext,
  Migration,
  MigrationEffect,
} from '@salver/core';
import { virtualEnvVariables } from '../virtual-env.js';
import { DJANGO_PROGRAM } from './django-program.js';
import { settingsModule } from './django-project.js';
import { uwsgiIni } from './uwsgi-ini.js';

export interface DjangoBuildInput {
  readonly context: EcosystemContext;
  readonly settings: DjangoSettings;
  readonly appDir: string;
  /** A directory that does not ship. */
  readonly scratchDir: string;
  /** Names of the locked packages. */
  readonly packages: ReadonlySet<string>;
}

interface Answer {
  readonly wsgi?: string | null;
  readonly staticRoot?: string;
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[];
  readonly migrations?: readonly (readonly [id: string, effect: MigrationEffect, why: string])[];
  readonly unwritten?: readonly string[];
}

/** Throws E_BUILD_COMMAND_FAILED, E_CONFIG_INVALID. */
export async function finishDjango(input: DjangoBuildInput): Promise<BuildFindings> {
  const { context, settings } = input;
  const step = context.progress.step('Django: static files, checks, migrations');
  const answer = await askDjango(input, (line) => step.detail(line)).finally(() => step.end());
  checkStaticRoot(answer);
  report(answer, context);
  writeUwsgiIni(answer, input);
  const migrations = (answer.migrations ?? []).map((row) => migrationOf(row, settings));
  checkOverrides(migrations, settings);
  return {
    migrations: [...migrations].sort((a, b) => comparePaths(a.id, b.id)),
    ...(migrations.length === 0 ? {} : { migrateCommand: 'python manage.py migrate --noinput' }),
  };
}

async function askDjango(
  { context, settings, appDir, scratchDir }: DjangoBuildInput,
  onLine: (line: string) => void,
): Promise<Answer> {
  const program = join(scratchDir, 'django-build.py');
  const answerFile = join(scratchDir, 'django-answer.json');
  writeFileSync(program, DJANGO_PROGRAM);
  const { collectstatic } = settings;
  const request = {
    settings: settingsModule(appDir, settings),
    static: collectstatic === undefined ? 'when-configured' : collectstatic ? 'always' : 'never',
    check: settings.check ?? true,
    migrations: true,
    answer: answerFile,
  };
  const result = await runCommand({
    command: `exec python -W ignore '${program}' "$SALVER_REQUEST"`,
    cwd: appDir,
    // Nothing of the builder's own environment: secrets of whoever builds must not end up in collected files.
    env: {
      ...virtualEnvVariables(appDir, context.env['PATH'] ?? ''),
      HOME: scratchDir,
      LC_ALL: 'C.UTF-8',
      ...settings.buildEnv,
      SALVER_REQUEST: JSON.stringify(request),
    },
    signal: context.signal,
    onLine: (line) => onLine(printable(line)),
  });
  if (result.exitCode !== 0) throw djangoFailed(result.tail);
  return existsSync(answerFile) ? (JSON.parse(readFileSync(answerFile, 'utf8')) as Answer) : {};
}

function djangoFailed(tail: readonly string[]): SalverError {
  const missing = tail
    .map((line) => /KeyError: '([A-Z][A-Z0-9_]*)'/.exec(line)?.[1])
    .find((name) => name !== undefined);
  return new SalverError(
    'E_BUILD_COMMAND_FAILED',
    `Django cannot be started for the build:\n${formatTail(tail)}`,
    {
      hint:
        missing === undefined
          ? 'settings must load without a database and without secrets: give what they read in django.buildEnv, or set "django": false'
          : `the settings read ${missing}, which a build does not have: give a value for builds in django.buildEnv, e.g. {"${missing}": "build-only"}`,
      facts: { output: tail, ...(missing === undefined ? {} : { variable: missing }) },
    },
  );
}

/** The manifest of static files is read at run time: it must lie in the release. */
function checkStaticRoot({ staticRoot }: Answer): void {
  if (staticRoot?.startsWith('..') !== true) return;
  throw new SalverError(
    'E_CONFIG_INVALID',
    'STATIC_ROOT lies outside the project, so what is collected would not ship',
    {
      hint: 'derive it from BASE_DIR, e.g. STATIC_ROOT = BASE_DIR / "static", or set "django": {"collectstatic": false}',
      facts: { key: 'django.collectstatic' },
    },
  );
}

function report(
  { errors = [], warnings = [], unwritten = [] }: Answer,
  { progress }: EcosystemContext,
): void {
  if (errors.length > 0) {
    throw new SalverError(
      'E_BUILD_COMMAND_FAILED',
      `Django's checks fail:\n${errors.map((one) => `  ${printable(one)}`).join('\n')}`,
      {
        hint: 'the same as `manage.py check --deploy`; "django": {"check": false} leaves it out',
        facts: { output: errors.map(printable) },
      },
    );
  }
  if (warnings.length > 0)
    progress.warn(
      `Django's deployment checks warn: ${warnings.map(printable).join(', ')} (manage.py check --deploy)`,
    );
  if (unwritten.length > 0)
    progress.warn(
      `models have changed without a migration: ${unwritten.map(printable).join(', ')} (manage.py makemigrations)`,
    );
}

/** For uWSGI, which follows `current` when it is told to by its own signal: see docs/serving.md. */
function writeUwsgiIni({ wsgi }: Answer, { appDir, packages, settings }: DjangoBuildInput): void {
  const place = join(appDir, 'uwsgi.ini');
  const isUsed = settings.uwsgi ?? (packages.has('uwsgi') || packages.has('pyuwsgi'));
  if (!isUsed || typeof wsgi !== 'string' || existsSync(place)) return;
  writeFileSync(place, uwsgiIni(wsgi));
}

function migrationOf(
  [id, effect, why]: readonly [id: string, effect: MigrationEffect, why: string],
  { migrations = {} }: DjangoSettings,
): Migration {
  const declared = migrations[id];
  if (declared !== undefined) return { id, effect: declared };
  return { id, effect, ...(why === '' ? {} : { why: printable(why) }) };
}

function checkOverrides(found: readonly Migration[], { migrations = {} }: DjangoSettings): void {
  const unknown = Object.keys(migrations).find((id) => !found.some((one) => one.id === id));
  if (unknown === undefined) return;
  throw new SalverError(
    'E_CONFIG_INVALID',
    `django.migrations names ${printable(unknown)}, which the project does not have`,
    {
      hint: 'a migration is named like shop.0004_remove_note',
      facts: { key: 'django.migrations' },
    },
  );
}
