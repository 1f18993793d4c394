// Which C library and which platform an ELF file was linked for, and which libraries every host of that kind has.
import type { ElfFile } from './elf-reader.js';
import type { Target } from './target.js';

/** `none`: linked against no C library at all (static programs, most Go ones). `other`: BSD, Android, …. */
export type LibcFamily = 'glibc' | 'musl' | 'other' | 'none';

/** ELF machine, class and byte order by `process.arch`. */
const MACHINES: Readonly<Record<string, readonly [machine: number, bits: 32 | 64, littleEndian: boolean]>> = {
  x64: [62, 64, true],
  ia32: [3, 32, true],
  arm64: [183, 64, true],
  arm: [40, 32, true],
  ppc64: [21, 64, true],
  s390x: [22, 64, false],
  riscv64: [243, 64, true],
  loong64: [258, 64, true],
};

const OS_ABI_NONE = 0;
const OS_ABI_LINUX = 3;

/** True when the dynamic linker of such a host could load the file. */
export function isOfTarget(elf: ElfFile, target: Target): boolean {
  const [machine, bits, littleEndian] = MACHINES[target.arch] ?? [];
  if (target.os !== 'linux' || elf.machine !== machine) return false;
  if (elf.bits !== bits || elf.littleEndian !== littleEndian) return false;
  if (elf.osAbi !== OS_ABI_NONE && elf.osAbi !== OS_ABI_LINUX) return false;
  const family = libcFamily(elf);
  return family === 'none' || family === target.libc;
}

const GLIBC_LIBRARY =
  /^(lib(c|m|mvec|BrokenLocale)\.so\.6|lib(dl|resolv|nss_[a-z]+)\.so\.2|lib(pthread|c_malloc_debug)\.so\.0|lib(rt|util|anl|thread_db)\.so\.1|libpcprofile\.so|ld(64)?(-linux[a-z0-9_-]*)?\.so\.[12])$/;
const MUSL_LIBRARY = /^(libc\.musl-[a-z0-9_-]+\.so\.1|ld-musl-[a-z0-9_-]+\.so\.1)$/;
const GLIBC_LOADER = /\/ld(64)?(-linux[a-z0-9_-]*)?\.so\.[12]$/;
const MUSL_LOADER = /\/ld-musl-[a-z0-9_-]+\.so\.1$/;
/** Libraries beside `libc.so` that only Android has under these names; musl keeps all in one. */
const ANDROID_LIBRARY = /^lib(m|dl|log|android)\.so$/;

/** The C library a file was linked against. */
export function libcFamily(elf: ElfFile): LibcFamily {
  const { interpreter, needed, versionsNeeded } = elf;
  if (needed.some((name) => MUSL_LIBRARY.test(name))) return 'musl';
  if (needed.some((name) => GLIBC_LIBRARY.test(name))) return 'glibc';
  if (versionsNeeded.some(({ version }) => version.startsWith('GLIBC_'))) return 'glibc';
  if (needed.includes('libc.so')) return needed.some((name) => ANDROID_LIBRARY.test(name)) ? 'other' : 'musl';
  if (needed.some((name) => name.startsWith('libc.so.'))) return 'other';
  if (interpreter === undefined) return 'none';
  // A static-pie names no loader; one that names a loader needs that C library even without DT_NEEDED.
  if (MUSL_LOADER.test(interpreter)) return 'musl';
  return GLIBC_LOADER.test(interpreter) ? 'glibc' : 'other';
}

/**
 * True for libraries that are there wherever the C library is. On glibc `libgcc_s.so.1` is one of them:
 * glibc itself loads it to cancel threads, so every distribution installs the two together. On musl it is not.
 */
export function isLibcLibrary(name: string, libc: Target['libc']): boolean {
  if (libc === 'musl') return name === 'libc.so' || MUSL_LIBRARY.test(name);
  return name === 'libgcc_s.so.1' || GLIBC_LIBRARY.test(name);
}
