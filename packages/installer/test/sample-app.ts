// The app that installations are tested with: two dependencies, one with a large file, and own code that differs
// from version to version.
import { makeArtifact, noise } from '@salver/testing';
import type { ArtifactFiles } from '@salver/testing';

/** Content of node_modules/b/native.node. */
export const LARGE = noise(1_500_000, 7);
const DEPENDENCIES: ArtifactFiles = {
  'node_modules/a/index.js': 'module.exports = "a"',
  'node_modules/a/bin/run': { data: '#!/bin/sh\n', executable: true },
  'node_modules/a/empty': '',
  'node_modules/b/native.node': LARGE,
  'node_modules/b/index.js': 'module.exports = "b"',
  'node_modules/.bin/run': { linkTo: '../a/bin/run' },
};
const UNIT_PATHS = ['node_modules/a', 'node_modules/b'];

/** Version `1.0.<number>`; `more` adds or replaces files. */
export function version(number: number, more: ArtifactFiles = {}): ReturnType<typeof makeArtifact> {
  const files = { ...DEPENDENCIES, 'server.js': `console.log(${number})`, ...more };
  return makeArtifact(files, { version: `1.0.${number}`, unitPaths: UNIT_PATHS });
}
