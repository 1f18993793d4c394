// The commands of `salver`, as data.
import type { ArgumentSpec, Command, OptionSpec, Program } from './command.js';
import { completionCommand } from './completion/completion-command.js';
import { JSON_OPTION, QUIET_OPTION } from './shared-options.js';

const EXAMPLE_ARTIFACT = 'shop-1.4.2-linux-x64-glibc-4f2a91c07b3e.tar.gz';

const PROJECT: ArgumentSpec = {
  name: 'DIR',
  required: false,
  completes: 'directory',
  summary: 'the project, where its lockfile lies (default: here)',
};
const ARTIFACT: ArgumentSpec = {
  name: 'ARTIFACT',
  required: true,
  completes: 'file',
  summary: 'path of the .tar.gz file',
};
const CACHE: OptionSpec = {
  name: 'cache',
  value: 'DIR',
  completes: 'directory',
  summary: 'the cache (default: SALVER_CACHE, else the user cache directory)',
};

const STORE: OptionSpec = {
  name: 'store',
  value: 'STORE',
  completes: 'directory',
  summary: 'a directory, https://…, s3://… or a name in salver.json (or SALVER_STORE)',
};
const KEY: OptionSpec = {
  name: 'key',
  value: 'FILE',
  completes: 'file',
  repeats: true,
  summary: 'SSH key to sign with, or its .pub (agent) (default: SALVER_SIGNING_KEY)',
};
const RELEASE: ArgumentSpec = {
  name: 'RELEASE',
  required: true,
  summary: 'NAME@VERSION, NAME@ID (its beginning) or NAME@CHANNEL',
};
const ARTIFACT_OR_RELEASE: ArgumentSpec = {
  name: 'RELEASE',
  required: true,
  completes: 'file',
  summary: 'path of the .tar.gz file, or NAME@VERSION, NAME@ID, NAME@CHANNEL in a store',
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

const PUSH: Command = {
  name: 'push',
  summary: 'put an artifact into a store; what is there is never replaced',
  arguments: [ARTIFACT],
  options: [
    STORE,
    {
      name: 'assets',
      value: 'STORE',
      completes: 'directory',
      summary: 'publish its static files here first; files are only added',
    },
    KEY,
    { name: 'dry-run', summary: 'check everything, write nothing' },
  ],
  examples: [
    `salver push ${EXAMPLE_ARTIFACT} --store s3://artifacts/prod`,
    `salver push ${EXAMPLE_ARTIFACT} --assets s3://cdn/shop`,
    `salver push dist/*.tar.gz --key deploy.pub`,
  ],
  load: () => import('./commands/push.js'),
};

const PULL: Command = {
  name: 'pull',
  summary: 'fetch an artifact from a store and verify it',
  arguments: [RELEASE],
  options: [
    STORE,
    {
      name: 'output',
      short: 'o',
      value: 'DIR',
      completes: 'directory',
      summary: 'where it goes (default: here)',
    },
    { name: 'target', value: 'TARGET', summary: 'for another machine than this one, e.g. linux-arm64-glibc' },
  ],
  examples: ['salver pull shop@production --store s3://artifacts/prod --output /tmp'],
  load: () => import('./commands/pull.js'),
};

const LS: Command = {
  name: 'ls',
  summary: 'list the releases in a store, the newest first',
  arguments: [{ name: 'NAME', required: false, summary: 'name of the app (default: all)' }],
  options: [STORE],
  examples: ['salver ls --store s3://artifacts/prod', 'salver ls shop --json'],
  load: () => import('./commands/ls.js'),
};

const PROMOTE: Command = {
  name: 'promote',
  summary: 'let a channel point to a release; hosts that follow it install that',
  arguments: [
    { name: 'RELEASE', required: true, summary: 'NAME (the newest), NAME@VERSION, NAME@ID or NAME@CHANNEL' },
    { name: 'CHANNEL', required: true, summary: 'name of the channel, e.g. production' },
  ],
  options: [
    STORE,
    KEY,
    {
      name: 'valid-for',
      value: 'TIME',
      summary: 'hosts refuse the channel after this, e.g. 30d (default: never)',
    },
    { name: 'renew', summary: 'write it again although it points there already' },
    { name: 'dry-run', summary: 'only say what would be changed' },
  ],
  examples: [
    'salver promote shop production --store s3://artifacts/prod',
    'salver promote shop@staging production --key deploy.pub --valid-for 30d',
  ],
  load: () => import('./commands/promote.js'),
};

const REVOKE: Command = {
  name: 'revoke',
  summary: 'take a release back: no host installs it any more',
  arguments: [RELEASE],
  options: [
    STORE,
    KEY,
    { name: 'reason', value: 'TEXT', summary: 'shown on hosts that are asked to install it' },
    { name: 'dry-run', summary: 'only say what would be changed' },
  ],
  examples: ['salver revoke shop@1.4.2 --reason mails-twice --store s3://artifacts/prod'],
  load: () => import('./commands/revoke.js'),
};

const SIGN: Command = {
  name: 'sign',
  summary: 'sign a release with an SSH key',
  arguments: [ARTIFACT_OR_RELEASE],
  options: [STORE, KEY],
  examples: [
    `salver sign ${EXAMPLE_ARTIFACT} --key ~/.ssh/id_ed25519`,
    'salver sign shop@1.4.2 --store s3://artifacts/prod --key deploy.pub',
  ],
  load: () => import('./commands/sign.js'),
};

const GC: Command = {
  name: 'gc',
  summary: 'remove old releases that no channel names from a store',
  arguments: [{ name: 'NAME', required: true, summary: 'name of the app' }],
  options: [
    STORE,
    { name: 'keep', value: 'N', summary: 'how many of the newest stay for each target (default 10)' },
    { name: 'older-than', value: 'TIME', summary: 'younger ones stay (default 30d)' },
    { name: 'dry-run', summary: 'only say what would be removed' },
  ],
  examples: ['salver gc shop --keep 20 --older-than 60d --dry-run --store s3://artifacts/prod'],
  load: () => import('./commands/gc.js'),
};

const DOCTOR: Command = {
  name: 'doctor',
  summary: 'find out what a store really guarantees, by small objects that are removed again',
  arguments: [{ name: 'STORE', required: false, completes: 'directory', summary: 'default: SALVER_STORE' }],
  options: [],
  examples: ["salver doctor 's3://artifacts/prod?endpoint=https://s3.example.net'"],
  load: () => import('./commands/doctor-store.js'),
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
    PUSH,
    PROMOTE,
    LS,
    PULL,
    SIGN,
    REVOKE,
    GC,
    DOCTOR,
    CACHE_COMMAND,
    completionCommand('salver', () => SALVER),
  ],
};
