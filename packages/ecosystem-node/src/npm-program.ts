// Where npm lies on this machine: its command line packs git dependencies, and scripts expect its paths,
// its node-gyp and its small `node-gyp` program in the environment.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SalverError } from '@salver/core';

type Env = Readonly<Record<string, string | undefined>>;

export interface NpmProgram {
  readonly version: string;
  /** npm-cli.js. */
  readonly cliPath: string;
  /** node-gyp.js of the node-gyp that npm brings. */
  readonly nodeGypPath: string;
  readonly nodeGypVersion: string;
  /** Directory with a program `node-gyp`, for PATH; undefined when this npm has none. */
  readonly nodeGypBinDir: string | undefined;
}

/** Finds the npm that PATH names, or the one beside Node. Throws E_TOOL_MISSING. */
export function findNpmProgram(env: Env, execPath: string = process.execPath): NpmProgram {
  for (const root of candidateRoots(env, execPath)) {
    const found = readProgram(root);
    if (found !== undefined) return found;
  }
  throw new SalverError('E_TOOL_MISSING', 'npm is not on PATH', {
    hint: 'install npm (it comes with Node), or put it on PATH: scripts and git dependencies need it',
  });
}

function* candidateRoots(env: Env, execPath: string): Iterable<string> {
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const program = join(directory, 'npm');
    if (directory === '' || !existsSync(program)) continue;
    // `bin/npm` links to npm-cli.js; version managers put wrappers there, whose npm lies beside Node.
    yield dirname(dirname(realpathSync(program)));
  }
  yield join(dirname(dirname(realpathSync(execPath))), 'lib/node_modules/npm');
  yield join(dirname(realpathSync(execPath)), 'node_modules/npm');
}

function readProgram(root: string): NpmProgram | undefined {
  const cliPath = join(root, 'bin/npm-cli.js');
  const gyp = join(root, 'node_modules/node-gyp');
  const version = versionOf(root);
  const nodeGypVersion = versionOf(gyp);
  if (version === undefined || nodeGypVersion === undefined || !existsSync(cliPath)) return undefined;
  const binDir = join(root, 'node_modules/@npmcli/run-script/lib/node-gyp-bin');
  return {
    version,
    cliPath,
    nodeGypPath: join(gyp, 'bin/node-gyp.js'),
    nodeGypVersion,
    nodeGypBinDir: existsSync(binDir) ? binDir : undefined,
  };
}

function versionOf(directory: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      version?: unknown;
    };
    return typeof manifest.version === 'string' ? manifest.version : undefined;
  } catch {
    return undefined;
  }
}
