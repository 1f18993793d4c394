// The key under which a package's compiled output is cached: everything known to change it (notes/npm.md
// section 4). What a script downloads, or reads from the machine beyond this list, cannot be known.
import { canonicalJson, formatTarget, hostGlibcVersion, sha256Hex } from '@salver/core';
import type { Target } from '@salver/core';
import type { ScriptRun } from './script-decision.js';

/** Raised whenever building, trimming or the variables given to compilers change. */
const COMPILE_FORMAT = 1;

export interface CompiledKeyInput {
  /** Key of the package's unit before its scripts ran: integrity, location, bins. */
  readonly baseKey: string;
  readonly runs: readonly ScriptRun[];
  readonly target: Target;
  /** Keys of the units it is built with, by location; compiled ones by their compiled key. */
  readonly closure: ReadonlyMap<string, string>;
  readonly nodeGypVersion: string;
  readonly compilers: Readonly<Record<string, string>>;
  /** Environment of its scripts. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Variables that compilers and their drivers read. */
const BUILD_VARIABLES = [
  'CC', 'CXX', 'CPP', 'AR', 'LD', 'LINK', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'LIBS', 'CPATH',
  'LIBRARY_PATH', 'PKG_CONFIG_PATH', 'PKG_CONFIG_LIBDIR', 'PYTHON', 'NODE_GYP_FORCE_PYTHON', 'GYP_DEFINES',
  'MACOSX_DEPLOYMENT_TARGET', 'SDKROOT', 'RUSTFLAGS', 'SOURCE_DATE_EPOCH',
]; // prettier-ignore

/** npm settings that the native build tools read. */
const BUILD_SETTINGS =
  /^npm_config_(?:build_from_source|fallback_to_build|runtime|target|target_arch|target_platform|target_libc|arch|platform|libc|disturl|dist_url|nodedir|python|debug|.*_binary_(?:host|site).*|.*_(?:local_prebuilds|force_.*|build_from_source))$/;

/** The key. Two builds with one key give the same unit. */
export function compiledKey(input: CompiledKeyInput): string {
  const facts = {
    format: COMPILE_FORMAT,
    base: input.baseKey,
    scripts: input.runs.map(({ location, event, script }) => [location, event, script]),
    target: formatTarget(input.target),
    glibc: hostGlibcVersion(),
    nodeAbi: process.versions.modules,
    napi: process.versions['napi'],
    // Addons on N-API do not see Node's version; all others are compiled against its own headers.
    node: usesNodeApi(input.closure) ? undefined : process.version,
    closure: [...input.closure].sort(([a], [b]) => (a < b ? -1 : 1)),
    nodeGyp: input.nodeGypVersion,
    compilers: input.compilers,
    environment: buildEnvironment(input.environment),
  };
  return `npm-compiled:${COMPILE_FORMAT}:${sha256Hex(canonicalJson(facts))}`;
}

function usesNodeApi(closure: ReadonlyMap<string, string>): boolean {
  return [...closure.keys()].some((location) => location.endsWith('/node-addon-api'));
}

function buildEnvironment(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (BUILD_VARIABLES.includes(name) || BUILD_SETTINGS.test(name)) chosen[name] = value;
  }
  return chosen;
}
