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
export type { LibraryNeed, Needs, NodeNeeds, PythonNeeds, VersionNeed } from './needs.js';
export { SILENT_PROGRESS } from './progress.js';
export type { Progress, ProgressStep, ProgressUnit } from './progress.js';
export { NotBroughtError, storedMembers } from './source.js';
export type { ArtifactSource, BringOptions, Brought, StoredMember } from './source.js';
export type {
  ObjectContent,
  ObjectFacts,
  ObjectHeaders,
  RangeBody,
  ReadOptions,
  ReadRangeOptions,
  ReadSmallOptions,
  ReplaceOptions,
  SmallObject,
  Store,
} from './store.js';
export { FORMAT_NUMBER } from './manifest.js';
export type {
  CandidateRule,
  CheckRule,
  CrashPolicy,
  EnvRule,
  HookRule,
  HostSettings,
  Layout,
  LayoutRow,
  Manifest,
  MemberRow,
  Migration,
  MigrationEffect,
  ServeRule,
  SourceLabel,
  Unit,
  UnitAssets,
  UnitScripts,
} from './manifest.js';
export type { BuildCache, FinishedMember, FinishedUnit, StoredDownload, UnitFacts } from './build-cache.js';
export type {
  BuildFindings,
  BuildTree,
  CollectedUnit,
  CollectedUnits,
  DependencySettings,
  DjangoSettings,
  Ecosystem,
  EcosystemContext,
  EcosystemPlan,
  PythonSettings,
} from './ecosystem.js';
export { comparePaths, isAtOrBelow, linkTargetProblem, pathProblem } from './archive-path.js';
export { assetPath, hasContentHash, keepMs, plainFormOf, urlProblem } from './assets.js';
export type { AssetEncoding } from './assets.js';
export { LinkResolver } from './link-resolver.js';
export { canonicalJson, parseCanonicalJson } from './canonical-json.js';
export { SHA256_PATTERN, createSha256, sha256Hex } from './digest.js';
export type { Sha256 } from './digest.js';
export {
  HEAD_GZIP_HEADER_BYTES,
  TAIL_MEMBER,
  decodeMember,
  encodeMember,
  headMemberBytes,
  isHeadIntact,
} from './gzip-member.js';
export type { MemberFacts } from './gzip-member.js';
export { HEAD_FIRST_READ_BYTES, encodeHead, parseHead, readHead, serializeManifest } from './head.js';
export type { ArtifactHead } from './head.js';
export { ShapeError, flag, integer, listOf, mapOf, object, oneOf, text } from './json-shape.js';
export type { Shape } from './json-shape.js';
export { MemberParser } from './member-parser.js';
export type { EntrySink } from './member-parser.js';
export { COARSE_CUTS, FINE_CUTS } from './limits.js';
export type { CutRule } from './limits.js';
export { packEntries } from './pack-entries.js';
export type { PackOptions, PackTotals, PackedMember } from './pack-entries.js';
export { parseManifest } from './parse-manifest.js';
export {
  NAME_PATTERN,
  SHORT_ID_DIGITS,
  VERSION_PATTERN,
  artifactFileName,
  formatReleaseName,
  shortId,
} from './release-name.js';
export { encodeEntryHeader, paddingBytes, parseEntryHeader } from './tar-header.js';
export { TreeRules } from './tree-rules.js';
export { readUnitEntries } from './unit-entries.js';
export type { MemberSource, ReadableUnit } from './unit-entries.js';
export { compareVersions } from './compare-versions.js';
export { readElf } from './elf-reader.js';
export type { ElfFile, ElfReadOptions, ElfVersionNeed } from './elf-reader.js';
export type { ElfEncoding, ElfInput } from './elf-bytes.js';
export type { ElfSymbol } from './elf-symbols.js';
export { measureNeeds } from './measure-needs.js';
export type { MeasuredNeeds } from './measure-needs.js';
export { mergeNeeds } from './merge-needs.js';
export type { NeedsPart } from './merge-needs.js';
export {
  answersSignal,
  bootId,
  formatIdentity,
  livenessOf,
  ownIdentity,
  parseIdentity,
  startTicksOf,
} from './process-identity.js';
export type { Liveness, ProcessIdentity } from './process-identity.js';
export { nearestWord } from './nearest-word.js';
export { directoryEntry, fileEntry, linkEntry } from './memory-entry.js';
export { workOnAll } from './bounded-work.js';
export { buildCommandFailed } from './build-command.js';
export { TAIL_LINES_MAX, formatTail, runCommand } from './run-command.js';
export type { CommandOptions, CommandResult } from './run-command.js';
export { isSameStamp, stampOf, writeEntries } from './write-entries.js';
export type { FileStamp } from './write-entries.js';
export { compilerVersions } from './compiler-version.js';
export {
  appPrefix,
  artifactKey,
  channelKey,
  channelPrefix,
  fitsSelector,
  indexKey,
  isChannelName,
  manifestKey,
  parseNamedRelease,
  parseReleaseKey,
  revocationKey,
  revocationPrefix,
  signatureFileName,
  signatureKey,
} from './store-keys.js';
export type { NamedRelease, ReleaseObject } from './store-keys.js';
export { SIGNATURE_FILE_BYTES_MAX, splitSignatures } from './signature.js';
export type {
  RejectedSignature,
  SignatureMaker,
  SignatureNamespace,
  SignatureVerifier,
  Signer,
  VerifiedSignatures,
  VerifyRequest,
} from './signature.js';
export {
  CHANNEL_BYTES_MAX,
  INDEX_BYTES_MAX,
  RELEASES_MAX,
  parseChannel,
  parseReleaseIndex,
  parseRevocation,
  serializeSigned,
} from './signed-document.js';
export type {
  ChannelPayload,
  PublishedRelease,
  ReleaseIndex,
  RevocationPayload,
  SignedDocument,
} from './signed-document.js';
