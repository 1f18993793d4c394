// The public surface of the builder: explicit names only.
export { buildRelease } from './build-release.js';
export type { BuildOptions, BuildResult } from './build-release.js';
export { openBuildCache } from './build-cache.js';
export type { OpenCacheOptions, OpenedCache } from './build-cache.js';
export { defaultCacheDirectory } from './cache-paths.js';
export type {
  CacheEntry,
  CacheKind,
  CacheListing,
  PruneOptions,
  PruneResult,
  VerifyResult,
} from './cache-upkeep.js';
export { CONFIG_SCHEMA } from './config-schema.js';
export type { ConfigSchema } from './config-schema.js';
export { initConfig } from './init-config.js';
export { loadConfig } from './load-config.js';
export type { BuildConfig, SecretException } from './load-config.js';
