// What a release requires of a host, measured from its bytes (DESIGN 2.8; docs/format.md section 6).

/** A version and the file in the release that asks for it, so that a refusal can name both. */
export interface VersionNeed {
  readonly version: string;
  readonly by: string;
}

/** A shared library that is neither in the release nor part of libc. */
export interface LibraryNeed {
  /** `DT_NEEDED` name, e.g. `libpq.so.5`. */
  readonly name: string;
  readonly by: string;
}

export interface NodeNeeds {
  /** `engines.node` of the app, as written. */
  readonly range?: string;
  /** `NODE_MODULE_VERSION` that a V8-bound addon was compiled for. */
  readonly modules?: { readonly version: number; readonly by: string };
  /** True when the release contains N-API addons and nothing else pins an ABI. */
  readonly napi?: boolean;
}

export interface PythonNeeds {
  /** `3.11`: modules and bytecode lie where this version looks. */
  readonly version: string;
  /** `cpython-311-x86_64-linux-gnu`: what extension modules are made for. */
  readonly soabi: string;
  /** `3.11.4`: what the project or its lock asks for at least, when that is more than `version` says. */
  readonly atLeast?: string;
}

/** All needs. A key that is absent means no such need. */
export interface Needs {
  readonly glibc?: VersionNeed;
  readonly glibcxx?: VersionNeed;
  readonly cxxabi?: VersionNeed;
  /** Name of a file that is linked against musl. */
  readonly musl?: { readonly by: string };
  readonly libraries?: readonly LibraryNeed[];
  readonly node?: NodeNeeds;
  readonly python?: PythonNeeds;
}
