// The only differences that an artifact's node_modules may have from what `npm ci --omit=dev` leaves.
import type { Tree, TreeDifference } from './product-harness.js';

/** One known difference: why it is right, and how to tell it. `left` of a difference is npm's side, `right` ours. */
export interface FidelityRule {
  readonly name: string;
  readonly why: string;
  explains(difference: TreeDifference, npmTree: Tree): boolean;
}

/** What make and the compiler write on their way to the addon. */
const BUILD_LEFTOVER =
  /\/build\/(.*\/)?((\.deps|obj|obj\.target)(\/.*)?|config\.gypi|([^/]+\.)?Makefile|[^/]+\.(a|d|mk|o))$|\.target\.mk$/;

export const FIDELITY_RULES: readonly FidelityRule[] = [
  {
    name: 'npm book-keeping',
    why: 'npm notes there what it installed; nothing reads it at run time',
    explains: ({ path, right }) => path === 'node_modules/.package-lock.json' && right === undefined,
  },
  {
    name: 'compiler leftovers',
    why: 'makefiles and object files are of no use after the compile, and hold paths of the machine',
    explains: ({ path, right }) => right === undefined && BUILD_LEFTOVER.test(path),
  },
  {
    name: 'compiler leftovers that were published',
    why: 'a package that publishes its own stays as published: what this compile wrote over them is not shipped',
    explains: ({ path, left, right }) =>
      left?.kind === 'file' && right?.kind === 'file' && BUILD_LEFTOVER.test(path),
  },
  {
    name: 'directories of compiler leftovers',
    why: 'nothing else is in them',
    explains: ({ path, left, right }, npmTree) =>
      right === undefined && left?.kind === 'directory' && holdsOnlyLeftovers(path, npmTree),
  },
  {
    name: 'names an artifact cannot hold',
    why: 'a backslash separates directories on other systems, so the format refuses it; the build warns',
    explains: ({ path, right }) => right === undefined && path.includes('\\'),
  },
];

function holdsOnlyLeftovers(directory: string, npmTree: Tree): boolean {
  const below = [...npmTree].filter(
    ([path, { kind }]) => kind !== 'directory' && path.startsWith(`${directory}/`),
  );
  return below.length > 0 && below.every(([path]) => BUILD_LEFTOVER.test(path));
}

/** The rule that explains a difference, or undefined: then the artifact is wrong. */
export function ruleFor(difference: TreeDifference, npmTree: Tree): FidelityRule | undefined {
  return FIDELITY_RULES.find((rule) => rule.explains(difference, npmTree));
}
