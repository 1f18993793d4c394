// The public surface of core: explicit names only.
export {
  EXIT_CODE_BY_ERROR,
  EXIT_CODE_INTERNAL,
  SalverError,
  errnoOf,
  fileSystemError,
  isSalverError,
  printable,
} from './errors.js';
export type { ErrorCode, ErrorDetails, ErrorFacts } from './errors.js';
export * as limits from './limits.js';
export { formatTarget, hostGlibcVersion, hostTarget, parseTarget } from './target.js';
export type { Target } from './target.js';
export type { Entry, EntryKind, PackEntry } from './entry.js';
export type { LibraryNeed, Needs, NodeNeeds, VersionNeed } from './needs.js';
export { SILENT_PROGRESS } from './progress.js';
export type { Progress, ProgressStep, ProgressUnit } from './progress.js';
export type { ArtifactSource } from './source.js';
export { FORMAT_NUMBER } from './manifest.js';
export type {
  CheckRule,
  EnvRule,
  HookRule,
  HostSettings,
  Layout,
  Manifest,
  MemberRow,
  SourceLabel,
  Unit,
  UnitScripts,
} from './manifest.js';
export type { BuildCache, FinishedMember, FinishedUnit, StoredDownload, UnitFacts } from './build-cache.js';
export type {
  BuildTree,
  CollectedUnit,
  CollectedUnits,
  DependencySettings,
  Ecosystem,
  EcosystemContext,
  EcosystemPlan,
} from './ecosystem.js';
