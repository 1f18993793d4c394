// The commands of `salver`, as data.
import type { ArgumentSpec, Command, OptionSpec, Program } from './command.js';
import { completionCommand } from './completion/completion-command.js';
import { ARTIFACT, ARTIFACT_OR_RELEASE, EXAMPLE_ARTIFACT, STORE } from './salver-words.js';
import { JSON_OPTION, QUIET_OPTION } from './shared-options.js';
import { STORE_COMMANDS } from './store-commands.js';

const PROJECT: ArgumentSpec = {
  name: 'DIR',
  required: false,
  completes: 'directory',
  summary: 'the project, where its lockfile lies (default: here)',
};
const CACHE: OptionSpec = {
  name: 'cache',
  value: 'DIR',
  completes: 'directory',
  summary: 'the cache (default: SALVER_CACHE, else the user cache directory)',
};

const INIT: Command = {
  name: 'init',
  summary: 'write a commented salver.json to start from',
  arguments: [PROJECT],
  options: [],
  examples: ['salver init'],
  load: () => import('./commands/init.js'),
};

const BUILD: Command = {
  name: 'build',
  summary: 'make the artifact of an app',
  arguments: [PROJECT],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'DIR',
      completes: 'directory',
      summary: 'where the artifact goes (default: here)',
    },
    {
      ...CACHE,
      value: 'PLACE',
      repeats: true,
      summary: 'directory (default: SALVER_CACHE), or s3://… to share with others as well',
    },
    {
      name: 'target',
      value: 'TARGET',
      summary: 'what to build for, e.g. linux-x64-glibc (default: this machine)',
    },
    {
      name: 'workspace',
      value: 'DIR',
      completes: 'directory',
      summary: 'the app is this workspace of the project, e.g. apps/web',
    },
    { name: 'offline', summary: 'fetch nothing: what is not in the cache is an error' },
    { name: 'strict', summary: 'refuse lock entries without integrity' },
    { name: 'dry-run', summary: 'do everything but write the artifact' },
  ],
  examples: [
    'salver build',
    'salver build apps/shop --output dist --json',
    'salver build --workspace apps/web',
  ],
  load: () => import('./commands/build.js'),
};

const INSPECT: Command = {
  name: 'inspect',
  summary: 'show what an artifact is, what it needs and what ran to make it',
  arguments: [ARTIFACT],
  options: [{ name: 'units', summary: 'list all units, the largest first' }],
  examples: [`salver inspect ${EXAMPLE_ARTIFACT} --units`],
  load: () => import('./commands/inspect.js'),
};

const VERIFY: Command = {
  name: 'verify',
  summary: 'compare every byte of an artifact with its manifest',
  arguments: [ARTIFACT_OR_RELEASE],
  options: [
    STORE,
    {
      name: 'allowed-signers',
      value: 'FILE',
      completes: 'file',
      summary: 'the signatures must be by one of these keys, see ssh-keygen(1)',
    },
  ],
  examples: [
    `salver verify ${EXAMPLE_ARTIFACT}`,
    'salver verify shop@production --store s3://artifacts/prod --allowed-signers allowed_signers',
  ],
  load: () => import('./commands/verify-artifact.js'),
};

const DIFF: Command = {
  name: 'diff',
  summary: 'show what differs between two artifacts and what an update moves',
  arguments: [
    { name: 'A', required: true, completes: 'file', summary: 'the artifact that is installed' },
    { name: 'B', required: true, completes: 'file', summary: 'the artifact to update to' },
  ],
  options: [],
  examples: [`salver diff shop-1.4.1-linux-x64-glibc-0c9d1e55ab42.tar.gz ${EXAMPLE_ARTIFACT}`],
  load: () => import('./commands/diff.js'),
};

const CHECK: Command = {
  name: 'check',
  summary: 'say whether hosts can run an artifact, from what salver-host facts says of them',
  arguments: [ARTIFACT],
  options: [
    {
      name: 'host',
      value: 'FILE',
      completes: 'file',
      repeats: true,
      summary: 'facts of a host; may be repeated',
    },
  ],
  examples: [`salver check ${EXAMPLE_ARTIFACT} --host web1.json --host web2.json`],
  load: () => import('./commands/check-host.js'),
};

const CACHE_COMMAND: Command = {
  name: 'cache',
  summary: 'look after the cache',
  arguments: [{ name: 'ACTION', required: true, choices: ['ls', 'prune', 'verify'], summary: 'what to do' }],
  options: [
    CACHE,
    { name: 'unused', value: 'TIME', summary: 'prune: remove what was not used for this long, e.g. 30d' },
    {
      name: 'max-size',
      value: 'SIZE',
      summary: 'prune: remove the longest unused above this size, e.g. 5GB',
    },
    { name: 'dry-run', summary: 'prune: only say what would be removed' },
  ],
  examples: ['salver cache ls', 'salver cache prune --unused 30d --max-size 5GB', 'salver cache verify'],
  load: () => import('./commands/cache.js'),
};

/** The program for developers and build servers. */
export const SALVER: Program = {
  name: 'salver',
  summary: 'build one verified artifact from an app and its lockfile',
  options: [JSON_OPTION, QUIET_OPTION],
  commands: [
    BUILD,
    INIT,
    INSPECT,
    VERIFY,
    DIFF,
    CHECK,
    ...STORE_COMMANDS,
    CACHE_COMMAND,
    completionCommand('salver', () => SALVER),
  ],
};
