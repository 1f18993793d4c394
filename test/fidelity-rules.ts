// The only differences that an artifact's node_modules may have from what `npm ci --omit=dev` leaves.
import type { TreeDifference } from './product-harness.js';

/** One known difference: why it is right, and how to tell it. `left` of a difference is npm's side, `right` ours. */
export interface FidelityRule {
  readonly name: string;
  readonly why: string;
  explains(difference: TreeDifference): boolean;
}

/** What make and the compiler write below a `build` directory on their way to the addon. */
const BUILD_LEFTOVER =
  /\/build\/(.*\/)?((\.deps|obj|obj\.target)(\/.*)?|config\.gypi|([^/]+\.)?Makefile|[^/]+\.(a|d|mk|o))$/;

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
    name: 'directories of compiler leftovers',
    why: 'nothing is left in them',
    explains: ({ path, left, right }) =>
      right === undefined && left?.kind === 'directory' && path.includes('/build/'),
  },
];

/** The rule that explains a difference, or undefined: then the artifact is wrong. */
export function ruleFor(difference: TreeDifference): FidelityRule | undefined {
  return FIDELITY_RULES.find((rule) => rule.explains(difference));
}
