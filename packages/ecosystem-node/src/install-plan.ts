// What `npm ci` would put where: the lock's `packages`, filtered for one target, with every decision
// made. compute-plan.ts computes it from the lock; fetching, transcoding and laying out only carry it out.

/** Where a package's bytes come from. */
export type PackageSource =
  /** A registry tarball. `url` is the lock's `resolved` when it has one. */
  | { readonly kind: 'registry'; readonly url?: string }
  /** A tarball at a URL outside the registry. */
  | { readonly kind: 'remote'; readonly url: string }
  /** A git repository at a pinned commit; `url` is the lock's `resolved` with `#<sha>`. */
  | { readonly kind: 'git'; readonly url: string; readonly commit: string }
  /** A tarball file inside the project, relative to it. */
  | { readonly kind: 'file'; readonly path: string }
  /** Inside the tarball of another package (`inBundle`); never fetched. */
  | { readonly kind: 'bundled'; readonly owner: string };

export interface PlannedPackage {
  /** Install location relative to the project: `node_modules/a/node_modules/@s/b`. */
  readonly location: string;
  /** The package's own name; differs from the location's last name for aliases. */
  readonly name: string;
  readonly version: string;
  readonly source: PackageSource;
  /** SRI string of the lock, when it has one. */
  readonly integrity?: string;
  /** Part of `npm ci --omit=dev`. */
  readonly production: boolean;
  /** May be left out when it cannot be fetched or built. */
  readonly optional: boolean;
  /**
   * For an optional package: the locations that go when it cannot be had, its own included, sorted.
   * npm removes the whole set.
   */
  readonly optionalSet?: readonly string[];
  /** The lock's flag; not complete (notes/npm.md 0.5): tarballs are looked into as well. */
  readonly hasInstallScript: boolean;
  /** Link name -> path inside the package; normalised as npm does. */
  readonly bin: Readonly<Record<string, string>>;
  /** Locations of the packages its dependency names resolve to from here (dev excluded). */
  readonly dependencyLocations: readonly string[];
  /** `false`, `true` or undecided for its install scripts (`allowScripts`, npm's rules). */
  readonly scriptsAllowed: boolean | undefined;
}

/** A symlink in a node_modules directory: workspace or `file:` directory. */
export interface PlannedLink {
  readonly location: string;
  /** Path of the target directory relative to the project, e.g. `packages/core`; empty for the project itself. */
  readonly targetPath: string;
  /** A workspace of the root; otherwise a `file:` directory. */
  readonly workspace?: boolean;
  readonly production: boolean;
}

/** One entry of a `.bin` directory. Collisions are already decided (notes/npm.md 1.8). */
export interface PlannedBin {
  /** `node_modules/.bin/x`. */
  readonly location: string;
  /** As written in the symlink: `../a/cli.js`. */
  readonly linkTarget: string;
  /** Location of the package (or link) that owns it. */
  readonly owner: string;
}

export interface InstallPlan {
  /** Lockfile name, e.g. `package-lock.json`. */
  readonly lockfile: string;
  /** Sorted by location, bytewise. Includes development packages. */
  readonly packages: readonly PlannedPackage[];
  readonly links: readonly PlannedLink[];
  /** Bins of the tree with and without development packages: who wins a collision may differ. */
  readonly productionBins: readonly PlannedBin[];
  readonly allBins: readonly PlannedBin[];
  /** Things the user should hear: engine warnings, optional packages left out, …. */
  readonly warnings: readonly string[];
  /** Root `engines.node`, as written. */
  readonly nodeRange?: string;
  /** npm's strict-allow-scripts: an undecided package with install scripts is an error. */
  readonly strictAllowScripts?: boolean;
  /** Parsed package.json of the root. */
  readonly rootManifest: Readonly<Record<string, unknown>>;
}
