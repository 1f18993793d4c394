// The key under which a built source distribution is cached: everything known to change it. System libraries that a
// build finds by itself cannot be known; a variable of `python.buildEnv` changes the key where that matters.
import { canonicalJson, formatTarget, hostGlibcVersion, sha256Hex } from '@salver/core';
import type { Target } from '@salver/core';
import type { Interpreter } from './interpreter.js';

/** Raised whenever the way of building, or the variables given to compilers, change. */
const COMPILE_FORMAT = 1;

export interface CompiledKeyInput {
  /** SRI string of the source distribution. */
  readonly integrity: string;
  readonly subdirectory: string | undefined;
  /** Name, version and unit key of what it is built with. */
  readonly tools: readonly (readonly [name: string, version: string, key: string])[];
  readonly interpreter: Interpreter;
  readonly target: Target;
  readonly compilers: Readonly<Record<string, string>>;
  /** Variables of the build. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Two builds with one key give the same unit. The patch version of Python does not matter: its ABI is that of X.Y. Its
 * place does: builds link against the library beside it and write that directory into what they make.
 */
export function compiledKey(input: CompiledKeyInput): string {
  const { integrity, subdirectory = '', tools, interpreter, target, compilers, variables } = input;
  const facts = {
    format: COMPILE_FORMAT,
    integrity,
    subdirectory,
    tools: [...tools].sort(([a], [b]) => (a < b ? -1 : 1)),
    python: [interpreter.version, interpreter.soabi, interpreter.machine, interpreter.path],
    target: formatTarget(target),
    glibc: hostGlibcVersion() ?? '',
    compilers,
    variables,
  };
  return `python-built:${COMPILE_FORMAT}:${sha256Hex(canonicalJson(facts))}`;
}

/** Part of a key that is fit for a path. */
export function shortKey(key: string): string {
  return key.slice(-64).slice(0, 16);
}

/** Variables of the builder that compilers and their drivers read. */
const PASSED_ON = [
  'CC', 'CXX', 'CPP', 'AR', 'LD', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'LIBS', 'CPATH', 'LIBRARY_PATH',
  'PKG_CONFIG_PATH', 'PKG_CONFIG_LIBDIR', 'RUSTFLAGS',
]; // prettier-ignore

/** The first time a zip file can hold: wheels get it instead of the hour they were built in. */
const BUILD_EPOCH = '315532800';

/**
 * The variables a build gets beside PATH, HOME and those of its environment. Debug information is left out by default:
 * it would hold the compiler's directories. `configured` wins.
 */
export function buildVariables(
  env: Readonly<Record<string, string | undefined>>,
  configured: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
  }
  for (const name of ['CFLAGS', 'CXXFLAGS']) variables[name] = `-g0 ${variables[name] ?? ''}`.trim();
  return { ...variables, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: BUILD_EPOCH, ...configured };
}
