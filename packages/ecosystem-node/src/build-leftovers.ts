// What compiling leaves behind and nothing needs at run time. Ten times the size of the addon itself, and
// full of absolute paths, which would make every build different.

/** Directories that only hold intermediate files. */
const LEFTOVER_DIRECTORIES = new Set([
  '.deps',
  'obj',
  'obj.target',
  'obj.host',
  'node_gyp_bins',
  'CMakeFiles',
]);
const LEFTOVER_NAMES = new Set([
  'Makefile',
  'binding.Makefile',
  'config.gypi',
  'gyp-mac-tool',
  'gyp-flock-tool',
  'CMakeCache.txt',
  'cmake_install.cmake',
  'compile_commands.json',
  '.ninja_deps',
  '.ninja_log',
  'build.ninja',
]);
const LEFTOVER_ENDINGS = ['.o', '.obj', '.a', '.lo', '.la', '.d', '.mk'];

/**
 * True for a path, relative to the package, of a file that building made and running does not need.
 * Only asked about files that the tarball does not have: what was published stays.
 */
export function isBuildLeftover(path: string): boolean {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  if (parts.some((part) => LEFTOVER_DIRECTORIES.has(part))) return true;
  return LEFTOVER_NAMES.has(name) || LEFTOVER_ENDINGS.some((ending) => name.endsWith(ending));
}
