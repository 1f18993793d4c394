// Bytecode of the app's own modules, beside them: a release starts as fast the first time, and a service that may write
// into its release does not add files to it. Only for files that ship: what is left out must not come back compiled.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSystemError } from '@salver/core';
import type { EcosystemContext } from '@salver/core';
import { bytecodePath, compileModules } from './bytecode.js';
import type { Interpreter } from './interpreter.js';

export interface CompileAppInput {
  readonly context: EcosystemContext;
  readonly interpreter: Interpreter;
  readonly appDir: string;
  /** What ships of the app. */
  readonly paths: readonly string[];
}

/**
 * Compiles what ships as things are, and hands over what puts the bytecode beside its modules: only then, because a program
 * that imports a module meanwhile would read half of it. Modules that do not compile are left out. Throws as compileModules.
 */
export async function compileApp({
  context,
  interpreter,
  appDir,
  paths,
}: CompileAppInput): Promise<() => void> {
  const { cache, env, signal } = context;
  const sources = paths.filter((path) => path.endsWith('.py'));
  const modules = sources.map((path) => ({ path, bytes: readFileSync(join(appDir, path)) }));
  const compiled = await cache.withTempDir((directory) =>
    compileModules({ interpreter, modules, env, directory, signal }),
  );
  return () => {
    for (const [path, bytes] of compiled) {
      const place = join(appDir, bytecodePath(path, interpreter.version));
      writeBytecode(place, bytes);
    }
  };
}

function writeBytecode(place: string, bytes: Buffer): void {
  try {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  } catch (error) {
    throw fileSystemError(error, 'cannot write the bytecode of the app');
  }
}
