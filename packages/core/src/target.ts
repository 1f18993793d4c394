// What an artifact was made for, and what this machine is.
import { SalverError } from './errors.js';

/** Operating system, CPU and C library a release runs on. */
export interface Target {
  /** `process.platform` name: `linux`, `darwin`. */
  readonly os: string;
  /** `process.arch` name: `x64`, `arm64`. */
  readonly arch: string;
  /** `glibc` or `musl` on linux; `none` elsewhere. */
  readonly libc: 'glibc' | 'musl' | 'none';
}

/** `linux-x64-glibc`, `linux-arm64-musl`, `darwin-arm64`: the form used in file names. */
export function formatTarget(target: Target): string {
  const base = `${target.os}-${target.arch}`;
  return target.libc === 'none' ? base : `${base}-${target.libc}`;
}

const TARGET_PATTERN = /^([a-z0-9]{2,16})-([a-z0-9]{2,16})(?:-(glibc|musl))?$/;

/** Reads what {@link formatTarget} wrote. Throws E_USAGE. */
export function parseTarget(text: string): Target {
  const match = TARGET_PATTERN.exec(text);
  if (match === null) {
    throw new SalverError('E_USAGE', `not a target: ${JSON.stringify(text)}`, {
      hint: 'a target looks like linux-x64-glibc, linux-arm64-musl or darwin-arm64',
    });
  }
  const libc = match[3] === 'glibc' || match[3] === 'musl' ? match[3] : 'none';
  return { os: match[1] ?? '', arch: match[2] ?? '', libc };
}

interface ReportHeader {
  readonly glibcVersionRuntime?: string;
}

/** The header of Node's diagnostic report, without its slow network section. */
function reportHeader(): ReportHeader {
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean }) | undefined;
  if (report === undefined) return {};
  report.excludeNetwork = true;
  return (report.getReport() as { header?: ReportHeader }).header ?? {};
}

/** Version of the running glibc (`2.36`), or undefined where libc is not glibc. */
export function hostGlibcVersion(): string | undefined {
  return process.platform === 'linux' ? reportHeader().glibcVersionRuntime : undefined;
}

let ownTarget: Target | undefined;

/** The machine this process runs on. Found out once: the report costs milliseconds. */
export function hostTarget(): Target {
  ownTarget ??= findOwnTarget();
  return ownTarget;
}

function findOwnTarget(): Target {
  const os = process.platform;
  const arch = process.arch;
  if (os !== 'linux') return { os, arch, libc: 'none' };
  return { os, arch, libc: hostGlibcVersion() === undefined ? 'musl' : 'glibc' };
}
