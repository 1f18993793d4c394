// Which wheels run on an interpreter, best first: the order of `packaging.tags` (platform compatibility tags in the
// packaging specifications). Computed and not asked for, because a release may be built for an older host than the
// builder: then tags above that host's C library must not be there.

export interface TagPlatform {
  /** Minor version of CPython 3. */
  readonly minor: number;
  /** The build without a global lock: it takes `cp313t` and `abi3t` wheels, not `cp313` and `abi3`. */
  readonly freeThreaded: boolean;
  /** As Python names it: `x86_64`, `aarch64`. */
  readonly machine: string;
  readonly libc: { readonly family: 'glibc' | 'musl'; readonly major: number; readonly minor: number };
}

/** Tags from the best to the least, each once. */
export function supportedTags(platform: TagPlatform): readonly string[] {
  const { minor, freeThreaded } = platform;
  const platforms = platformTags(platform);
  const onAll = (python: string, abi: string): readonly string[] =>
    platforms.map((name) => `${python}-${abi}-${name}`);
  const own = `cp3${minor}`;
  const older = descending(minor - 1, 2);
  const generic = [`py3${minor}`, 'py3', ...descending(minor - 1, 0).map((version) => `py3${version}`)];
  const stable = freeThreaded ? 'abi3t' : 'abi3';
  return [
    ...onAll(own, freeThreaded ? `${own}t` : own),
    ...onAll(own, stable),
    ...onAll(own, 'none'),
    ...older.flatMap((version) => onAll(`cp3${version}`, stable)),
    ...generic.flatMap((python) => onAll(python, 'none')),
    `${own}-none-any`,
    ...generic.map((python) => `${python}-none-any`),
  ];
}

/** Names that manylinux versions had before PEP 600. */
const LEGACY_MANYLINUX: Readonly<Record<number, string>> = {
  17: 'manylinux2014',
  12: 'manylinux2010',
  5: 'manylinux1',
};
const OLDEST_GLIBC = 17;
const OLDEST_GLIBC_X86 = 5;

function platformTags({ machine, libc }: TagPlatform): readonly string[] {
  const plain = `linux_${machine}`;
  if (libc.family === 'musl') {
    return [
      plain,
      ...descending(libc.minor, 0).map((minor) => `musllinux_${libc.major}_${minor}_${machine}`),
    ];
  }
  const oldest = machine === 'x86_64' || machine === 'i686' ? OLDEST_GLIBC_X86 : OLDEST_GLIBC;
  const manylinux = descending(libc.minor, oldest).flatMap((minor) => {
    const legacy = LEGACY_MANYLINUX[minor];
    const name = `manylinux_${libc.major}_${minor}_${machine}`;
    return legacy === undefined ? [name] : [name, `${legacy}_${machine}`];
  });
  return [plain, ...manylinux];
}

function descending(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);
}
