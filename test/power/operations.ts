// What the power is cut during: how the root is before, what is run, and what must be true of `current` afterwards.
import type { PowerRelease, PowerReleases } from './power-releases.js';

export const OPERATION_NAMES = [
  'first',
  'update',
  'activate',
  'rollback',
  'revert',
  'recover',
  'prune',
] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];

export interface Operation {
  readonly name: OperationName;
  /** Runs that lead to the state before. */
  readonly before: readonly (readonly string[])[];
  /** The last of these runs is killed right behind its switch, and leaves its work to recovery. */
  readonly cutOff: boolean;
  readonly run: readonly string[];
  /** Exit status of an undisturbed run. */
  readonly status: number;
  /** What may be current after a cut: before the switch and after it. Null: nothing yet. */
  readonly allowed: readonly (PowerRelease | null)[];
  /** What is current after a run that has said so by its exit status. */
  readonly ends: PowerRelease;
  /** What is no longer installed then. */
  readonly gone?: PowerRelease;
  /** A run that must succeed after any cut, and lead to `settles`. */
  readonly next: readonly string[];
  readonly settles: PowerRelease;
}

const EXIT_ACTIVATION_FAILED = 6;

/** All of them. */
export function makeOperations({ old, next, sick, last }: PowerReleases): readonly Operation[] {
  const installed = [
    ['install', old.artifact],
    ['install', next.artifact],
  ];
  const succeeds = { status: 0, cutOff: false };
  const toNext = { ends: next, next: ['install', next.artifact], settles: next };
  return [
    {
      ...succeeds,
      name: 'first',
      before: [],
      run: ['install', old.artifact],
      allowed: [null, old],
      ends: old,
      next: ['install', old.artifact],
      settles: old,
    },
    {
      ...succeeds,
      ...toNext,
      name: 'update',
      before: [['install', old.artifact]],
      run: ['install', next.artifact],
      allowed: [old, next],
    },
    {
      ...succeeds,
      ...toNext,
      name: 'activate',
      before: [
        ['install', old.artifact],
        ['install', next.artifact, '--no-activate'],
      ],
      run: ['activate', next.name],
      allowed: [old, next],
    },
    {
      ...succeeds,
      name: 'rollback',
      before: installed,
      run: ['rollback'],
      allowed: [next, old],
      ends: old,
      next: ['activate', old.name],
      settles: old,
    },
    {
      name: 'revert',
      cutOff: false,
      before: installed,
      run: ['install', sick.artifact],
      status: EXIT_ACTIVATION_FAILED,
      // Between the switch and the way back the new release is current.
      allowed: [next, sick],
      ends: next,
      next: ['activate', next.name],
      settles: next,
    },
    {
      ...succeeds,
      ...toNext,
      name: 'recover',
      before: installed,
      cutOff: true,
      run: ['recover'],
      allowed: [next],
    },
    {
      ...succeeds,
      name: 'prune',
      before: [...installed, ['install', last.artifact]],
      run: ['prune', '--keep', '1'],
      allowed: [last],
      ends: last,
      gone: old,
      next: ['prune', '--keep', '1'],
      settles: last,
    },
  ];
}
