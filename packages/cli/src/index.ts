// The programs as data, for documentation and tests; the commands themselves are run through the bundles.
export { SALVER } from './salver-program.js';
export { SALVER_HOST } from './salver-host-program.js';
export type { ArgumentSpec, Command, OptionSpec, Program } from './command.js';
