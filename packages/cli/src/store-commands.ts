// The commands of `salver` that work on stores, as data.
import type { Command } from './command.js';
import { ARTIFACT, ARTIFACT_OR_RELEASE, EXAMPLE_ARTIFACT, KEY, RELEASE, STORE } from './salver-words.js';

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

/** In the order in which the help lists them. */
export const STORE_COMMANDS: readonly Command[] = [PUSH, PROMOTE, LS, PULL, SIGN, REVOKE, GC, DOCTOR];
