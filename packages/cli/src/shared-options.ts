// Options that every command of both programs takes.
import type { OptionSpec } from './command.js';

export const JSON_OPTION: OptionSpec = {
  name: 'json',
  summary: 'print one JSON object with a schemaVersion; failures are one on stderr',
};
export const QUIET_OPTION: OptionSpec = {
  name: 'quiet',
  short: 'q',
  summary: 'no progress and no summary, only warnings',
};
