// Every bound of the format and of its readers, with a name (docs/format.md section 9).

const KIB = 1024;
const MIB = 1024 * KIB;

/** Size of a tar block. */
export const TAR_BLOCK_BYTES = 512;
/** A member never holds more raw bytes than this; it bounds every reader's memory. */
export const MEMBER_RAW_BYTES_MAX = 1 * MIB;
/** Writer's rule: how entries are cut into members. */
export interface CutRule {
  /** A member is not cut before it holds this much. */
  readonly rawBytesMin: number;
  /** The size that cuts aim at. */
  readonly rawBytesTarget: number;
}
/** For dependencies: most of them do not change from release to release. */
export const COARSE_CUTS: CutRule = { rawBytesMin: 64 * KIB, rawBytesTarget: 256 * KIB };
/** For the app's own files, of which some change in every release, here and there. */
export const FINE_CUTS: CutRule = { rawBytesMin: 16 * KIB, rawBytesTarget: 64 * KIB };
/** A file above this size is cut by content. */
export const WHOLE_FILE_BYTES_MAX = 256 * KIB;
/** Content-defined chunks: smallest, average and largest. */
export const CHUNK_BYTES_MIN = 64 * KIB;
export const CHUNK_BYTES_AVERAGE = 128 * KIB;
export const CHUNK_BYTES_MAX = 512 * KIB;

/** The head (manifest, layout, source) compressed and raw. */
export const HEAD_STORED_BYTES_MAX = 16 * MIB;
export const HEAD_RAW_BYTES_MAX = 24 * MIB;
export const ENTRIES_MAX = 1_000_000;
export const MEMBERS_MAX = 200_000;
export const UNITS_MAX = 100_000;
/** Values of one JSON document: a member takes three. Parsing needs up to 100 bytes for each. */
export const JSON_VALUES_MAX = 1_000_000;
/** Lists and objects in each other: our documents need six levels. */
export const JSON_DEPTH_MAX = 32;
/** Sum of all raw member bytes of one artifact. */
export const ARTIFACT_RAW_BYTES_MAX = 64 * 1024 * MIB;
/** Largest single file: what the octal size field of a ustar header holds. */
export const FILE_BYTES_MAX = 0o77777777777;

export const PATH_BYTES_MAX = 1024;
export const PATH_COMPONENT_BYTES_MAX = 255;
export const PATH_DEPTH_MAX = 64;
export const LINK_TARGET_BYTES_MAX = 1024;
/** Links of the archive on the way from a link to where it leads. */
export const LINK_STEPS_MAX = 40;
