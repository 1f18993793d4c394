// The start of a salver.json for a project: what matters most, with comments, ready to be edited.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';
import { CONFIG_FILE, loadConfig } from './load-config.js';
import { readJsonFile } from './project-json.js';

/** Found by editors once the `salver` package is a dev dependency; nothing else reads it. */
const SCHEMA_REFERENCE = './node_modules/@salver/builder/schema/salver.schema.json';

/**
 * Writes a commented salver.json and returns its path. Never overwrites: throws E_USAGE when the project is
 * configured already, E_CONFIG_INVALID when package.json is not usable.
 */
export function initConfig(projectDir: string): string {
  const path = join(projectDir, CONFIG_FILE);
  if (existsSync(path)) throw alreadyThere(CONFIG_FILE);
  if (loadConfig(projectDir).file !== undefined) throw alreadyThere('"salver" in package.json');
  const text = `${JSON.stringify(startingPoint(projectDir), undefined, 2)}\n`;
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw alreadyThere(CONFIG_FILE);
    throw fileSystemError(error, `cannot write ${path}`);
  }
  return path;
}

function alreadyThere(where: string): SalverError {
  return new SalverError('E_USAGE', `the project is configured already: ${where}`, {
    hint: 'edit that instead',
  });
}

function startingPoint(projectDir: string): Record<string, unknown> {
  const django = djangoProject(projectDir);
  return {
    $schema: SCHEMA_REFERENCE,
    '//': 'Every key is optional. Keys that begin with // are comments.',
    '// start': 'The command that runs the app on a host; `salver-host run` uses it.',
    start: django === undefined ? startCommand(projectDir) : `gunicorn ${django}.wsgi`,
    '// shared': 'Paths whose content outlives a release, e.g. "uploads".',
    shared: [],
    '// env': 'What the app reads from its environment, e.g. "DATABASE_URL": { "required": true }.',
    env: django === undefined ? {} : { SECRET_KEY: { required: true } },
    '// assets':
      'Static files that browsers keep, e.g. { "directory": "dist/assets", "url": "/assets/" }: compressed at build.',
    assets: [],
    '// hooks':
      'What runs on a host, e.g. "reload": "systemctl reload shop", "check": "http://127.0.0.1:3000/healthz".',
    hooks: {},
    '// files': 'What ships is what git does not ignore, plus what the build makes. Leave out more here.',
    files: { exclude: [] },
    ...(django === undefined
      ? {}
      : {
          '// django':
            'Settings are loaded at build in this environment and no other: no secret of the builder gets in.',
          django: { buildEnv: { SECRET_KEY: 'build-only' } },
        }),
  };
}

/** Name of the package with the settings: `shop` of `shop.settings`; undefined for other projects. */
function djangoProject(projectDir: string): string | undefined {
  const manage = join(projectDir, 'manage.py');
  if (!existsSync(manage)) return undefined;
  return /DJANGO_SETTINGS_MODULE["'][^"']*["']([A-Za-z_]\w*)\./.exec(readFileSync(manage, 'utf8'))?.[1];
}

interface StartFields {
  readonly scripts?: { readonly start?: unknown };
  readonly main?: unknown;
}

/** `node x` of the start script: hosts need no npm. */
function startCommand(projectDir: string): string {
  const fields = (readJsonFile(join(projectDir, 'package.json'), 'package.json') ?? {}) as StartFields;
  const script = fields.scripts?.start;
  if (typeof script === 'string' && script.startsWith('node ')) return script;
  if (typeof fields.main === 'string' && fields.main !== '') return `node ${fields.main}`;
  return existsSync(join(projectDir, 'package.json')) || !isPython(projectDir)
    ? 'node server.js'
    : 'python main.py';
}

function isPython(projectDir: string): boolean {
  return ['pylock.toml', 'uv.lock', 'requirements.txt', 'pyproject.toml'].some((name) =>
    existsSync(join(projectDir, name)),
  );
}
