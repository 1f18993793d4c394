// Every expected failure of Salver is a SalverError with a stable code. The code decides the exit
// status, so a caller needs no table of its own. The list is kept in docs/errors.md as well;
// test/errors-documented.test.ts compares the two.
import { constants } from 'node:os';

/** Stable error codes and the exit status each one gives (docs/errors.md explains each). */
export const EXIT_CODE_BY_ERROR = {
  // 1: expected failures without a number of their own
  E_BUILD_COMMAND_FAILED: 1,
  E_INSTALL_SCRIPT_FAILED: 1,
  E_SDIST_BUILD_FAILED: 1,
  E_SECRET_FOUND: 1,
  E_NOTHING_TO_ROLL_BACK: 1,
  E_DISK_FULL: 1,
  E_FILE_SYSTEM: 1,
  E_BUILD_INPUT_CHANGED: 1,
  E_COMMAND_FAILED: 1,
  E_TOOL_MISSING: 1,
  E_HOOK_FAILED: 1,
  E_ROLLBACK_UNSAFE: 1,
  E_UNHEALTHY: 1,
  E_DURABILITY_UNKNOWN: 1,
  E_SIGNING_FAILED: 1,
  E_CHANNEL_MOVED: 1,
  E_OBJECT_EXISTS: 1,
  E_ASSET_CONFLICT: 1,
  E_RELEASE_HELD: 1,
  E_RELEASE_IN_CHANNEL: 1,
  // 2: wrong arguments, configuration or project files
  E_USAGE: 2,
  E_CONFIG_INVALID: 2,
  E_LOCK_MISSING: 2,
  E_LOCK_INVALID: 2,
  E_LOCK_UNSUPPORTED: 2,
  E_LOCK_OUT_OF_SYNC: 2,
  E_INTEGRITY_MISSING: 2,
  E_EDITABLE_REFUSED: 2,
  E_GIT_DEPENDENCY_REFUSED: 2,
  E_REMOTE_DEPENDENCY_REFUSED: 2,
  E_PLATFORM_UNSUPPORTED: 2,
  E_ENGINE_UNSUPPORTED: 2,
  E_SCRIPT_NOT_ALLOWED: 2,
  E_BUILD_REQUIREMENT_UNPINNED: 2,
  E_FILE_CONFLICT: 2,
  E_PATH_UNSAFE: 2,
  E_LIMIT_EXCEEDED: 2,
  E_STORE_READ_ONLY: 2,
  E_STORE_MISCONFIGURED: 2,
  E_STORE_UNLISTABLE: 2,
  // 3: artifact or cache content damaged, unverifiable or of an unknown version
  E_ARTIFACT_DAMAGED: 3,
  E_ARTIFACT_TRUNCATED: 3,
  E_ARTIFACT_HOSTILE: 3,
  E_DIGEST_MISMATCH: 3,
  E_FORMAT_UNKNOWN: 3,
  E_MANIFEST_INVALID: 3,
  E_INTEGRITY_MISMATCH: 3,
  E_TARBALL_DAMAGED: 3,
  E_WHEEL_DAMAGED: 3,
  E_CACHE_DAMAGED: 3,
  E_RELEASE_DAMAGED: 3,
  E_HISTORY_DAMAGED: 3,
  E_CHANNEL_INVALID: 3,
  E_CHANNEL_EXPIRED: 3,
  E_CHANNEL_REPLAYED: 3,
  E_RELEASE_MISMATCH: 3,
  E_RELEASE_REVOKED: 3,
  E_SIGNATURE_MISSING: 3,
  E_SIGNATURE_INVALID: 3,
  E_SIGNER_UNKNOWN: 3,
  E_SIGNER_REVOKED: 3,
  E_SIGNATURES_TOO_FEW: 3,
  // 4: unreachable or not found
  E_ARTIFACT_NOT_FOUND: 4,
  E_RELEASE_NOT_FOUND: 4,
  E_REGISTRY_UNREACHABLE: 4,
  E_REGISTRY_DENIED: 4,
  E_PACKAGE_NOT_FOUND: 4,
  E_DOWNLOAD_FAILED: 4,
  E_EVENT_NOT_DELIVERED: 4,
  E_STORE_DENIED: 4,
  E_STORE_NOT_FOUND: 4,
  E_OBJECT_NOT_FOUND: 4,
  E_OBJECT_CHANGED: 4,
  E_STORE_UNREACHABLE: 4,
  E_STORE_THROTTLED: 4,
  // 5: host not fit, or somebody else holds the lock
  E_LOCK_HELD: 5,
  E_PLATFORM_MISMATCH: 5,
  E_NEEDS_UNMET: 5,
  E_ROOT_UNUSABLE: 5,
  E_NO_SPACE: 5,
  E_ENV_UNMET: 5,
  E_ADDRESS_UNUSABLE: 5,
  // 6: activation failed; the previous release is active again
  E_ACTIVATION_FAILED: 6,
  // 130: stopped by a signal
  E_INTERRUPTED: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_CODE_BY_ERROR;

/** Exit status of a failure that is not a SalverError: a bug. */
export const EXIT_CODE_INTERNAL = 70;

/** Facts of an error, for programs: never only inside the message. Plain JSON values. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ErrorDetails {
  /** One line: what the user should do. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly facts?: ErrorFacts;
}

/**
 * An expected failure. `message` is lower case without a full stop: what failed, and on what.
 * `hint` says what to do. Foreign text must have gone through {@link printable}.
 */
export class SalverError extends Error {
  override readonly name = 'SalverError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }

  /** The exit status of a program that ends with this error. */
  get exitCode(): number {
    return EXIT_CODE_BY_ERROR[this.code];
  }
}

/** True when `error` is a SalverError, optionally with this code. */
export function isSalverError(error: unknown, code?: ErrorCode): error is SalverError {
  return error instanceof SalverError && (code === undefined || error.code === code);
}

/** The errno name of a Node system error (`ENOENT`, …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Node's own argument errors are called ERR_…: they are bugs, not answers of the system.
  if (typeof code !== 'string' || code.startsWith('ERR_')) return undefined;
  return UNNAMED_ERRNO.test(code) ? (nameOfErrno(error) ?? code) : code;
}

/** What Node calls answers that its library has no name for: EDQUOT, above all, is one of them. */
const UNNAMED_ERRNO = /^(Unknown system error|UNKNOWN)/;

function nameOfErrno(error: unknown): string | undefined {
  const errno = (error as NodeJS.ErrnoException).errno ?? 0;
  return Object.entries(constants.errno).find(([, value]) => value === -errno)?.[0];
}

const FOREIGN_TEXT_MAX = 500;

/** Makes text from outside safe to print: control and bidi characters escaped, length bounded. */
export function printable(text: string): string {
  const cut = text.length > FOREIGN_TEXT_MAX ? `${text.slice(0, FOREIGN_TEXT_MAX)}…` : text;
  // eslint-disable-next-line no-control-regex -- finding control characters is the point
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/**
 * Turns a system error of a file operation into a SalverError that names the cause.
 * A full disk or quota becomes E_DISK_FULL; everything else E_FILE_SYSTEM. SalverErrors pass. An error that is
 * not the system's is a bug and is thrown as it is.
 */
export function fileSystemError(error: unknown, what: string): SalverError {
  if (error instanceof SalverError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'E_DISK_FULL' : 'E_FILE_SYSTEM';
  const hint = FILE_SYSTEM_HINTS[errno];
  return new SalverError(code, `${what}: ${errno}, ${FILE_SYSTEM_REASONS[errno] ?? 'system error'}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    facts: { errno },
  });
}

const FILE_SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space or inodes left on the device',
  EDQUOT: 'disk quota exceeded',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
  ENOMEM: 'the system is out of memory',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EEXIST: 'exists already',
  EXDEV: 'on another file system',
};

const FILE_SYSTEM_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free space (or inodes: `df -i`) on that file system and run the command again',
  EDQUOT: 'raise the quota or free space and run the command again',
  EROFS: 'mount the file system writable, or choose another directory',
  EACCES: 'run as a user who may write there, or change the owner of the directory',
  EPERM: 'run as a user who may write there, or change the owner of the directory',
  EIO: 'the disk reports errors: check `dmesg`',
  EMFILE: 'raise the limit of open files (`ulimit -n`)',
};
