// Arguments and options that several commands of `salver` have.
import type { ArgumentSpec, OptionSpec } from './command.js';

export const EXAMPLE_ARTIFACT = 'shop-1.4.2-linux-x64-glibc-4f2a91c07b3e.tar.gz';

export const ARTIFACT: ArgumentSpec = {
  name: 'ARTIFACT',
  required: true,
  completes: 'file',
  summary: 'path of the .tar.gz file',
};

export const STORE: OptionSpec = {
  name: 'store',
  value: 'STORE',
  completes: 'directory',
  summary: 'a directory, https://…, s3://… or a name in salver.json (or SALVER_STORE)',
};

export const KEY: OptionSpec = {
  name: 'key',
  value: 'FILE',
  completes: 'file',
  repeats: true,
  summary: 'SSH key to sign with, or its .pub (agent) (default: SALVER_SIGNING_KEY)',
};

export const RELEASE: ArgumentSpec = {
  name: 'RELEASE',
  required: true,
  summary: 'NAME@VERSION, NAME@ID (its beginning) or NAME@CHANNEL',
};

export const ARTIFACT_OR_RELEASE: ArgumentSpec = {
  name: 'RELEASE',
  required: true,
  completes: 'file',
  summary: 'path of the .tar.gz file, or NAME@VERSION, NAME@ID, NAME@CHANNEL in a store',
};
