// What an environment of ours and one of pip's may differ in, and why.
import assert from 'node:assert/strict';
import { listTree } from './product-harness.js';

/** Paths that may differ, with the reason. */
export type Explained = readonly (readonly [path: RegExp, why: string])[];

export interface Allowed {
  /** May be missing on one side. */
  readonly explained?: Explained;
  /** Must be there on both sides; the bytes may differ. */
  readonly otherBytes?: Explained;
}

const EXPLAINED: Explained = [
  [
    /^(bin\/(python|pip|activate|Activate)|pyvenv\.cfg$|include$|include\/python3\.[0-9]+$)/,
    'the venv itself, made by the host',
  ],
  [
    /site-packages\/(pip|setuptools|pkg_resources|_distutils_hack|distutils-precedence\.pth|wheel)(\/|-|\.|$)/,
    'what venv installs',
  ],
  [/dist-info\/(INSTALLER|REQUESTED|RECORD)$/, 'names the installer, and files that follow'],
  [/\/__pycache__\//, 'bytecode that needs no times'],
];

/** Differing paths that nothing explains. The modules that are compiled must be the same ones. */
export function unexplainedDifferences(
  ours: string,
  theirs: string,
  { explained = [], otherBytes = [] }: Allowed = {},
): readonly string[] {
  const [left, right] = [listTree(ours), listTree(theirs)];
  const isIn = (path: string, table: Explained): boolean => table.some(([pattern]) => pattern.test(path));
  const paths = [...new Set([...left.keys(), ...right.keys()])].filter(
    (path) => !isIn(path, [...EXPLAINED, ...explained]),
  );
  assert.ok(paths.length > 30, 'nearly everything is explained away');
  // Bytecode is there for the same modules, although its bytes differ.
  const compiled = (tree: typeof left): readonly string[] =>
    [...tree.keys()].filter(
      (path) =>
        path.endsWith('.pyc') &&
        !/site-packages\/(pip|setuptools|pkg_resources|_distutils_hack|wheel)\//.test(path),
    );
  assert.deepEqual(compiled(left), compiled(right));
  return paths.filter((path) => {
    const [a, b] = [left.get(path), right.get(path)];
    if (isIn(path, otherBytes)) return a === undefined || b === undefined;
    return JSON.stringify(a) !== JSON.stringify(b);
  });
}
