// Options for listing a source tree in a test.
import type { ListOptions } from '../dist/list-source.js';
import { recordingProgress } from './recording-progress.js';

export function options(root: string, more: Partial<ListOptions> = {}): ListOptions {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  return {
    root,
    include: [],
    exclude: [],
    ownPaths: ['node_modules'],
    required: ['package.json', 'package-lock.json'],
    env,
    progress: recordingProgress(),
    ...more,
  };
}
