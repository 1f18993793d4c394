// What is done to a root while faults happen, as data. A new operation is a new row.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultBench } from './fault-bench.js';
import type { ReleaseKey } from './fault-releases.js';
import { runHost } from './host-program.js';
import { leaveCutOff } from './leave-cut-off.js';

export interface Operation {
  readonly name: string;
  /** Brings a root, which does not exist yet, to where the operation begins. */
  prepare(bench: FaultBench, root: string): Promise<void>;
  /** Without --root and --json. */
  args(bench: FaultBench): readonly string[];
  /** Current before; null for none. */
  readonly from: ReleaseKey | null;
  /** Made current, for good or for a while. */
  readonly to: ReleaseKey | null;
  /** Default: `to`. */
  readonly end?: ReleaseKey | null;
  readonly endPrevious: ReleaseKey | null;
  readonly installed: readonly ReleaseKey[];
  /** Exit status undisturbed; default 0. */
  readonly status?: number;
  /** Default: true when `from` and the end differ. */
  readonly checksEnd?: boolean;
  /** What is run after the fault, given what is current; default: the same again. */
  next?(bench: FaultBench, current: string | null): readonly string[];
  /** A command that the program must have, else the row is left out. */
  readonly command?: string;
}

const FAILED_ACTIVATION = 6;
const FAILED_HOOK = 1;

function install(key: ReleaseKey, ...more: readonly string[]): Operation['args'] {
  return ({ releases }) => ['install', releases[key].artifact, ...more];
}

function activate(key: ReleaseKey): Operation['args'] {
  return ({ releases }) => ['activate', releases[key].name];
}

function recover(end: ReleaseKey): Operation['args'] {
  return (bench) => recoveryArgs(bench, bench.releases[end].name);
}

/** Any command that takes the lock recovers first. */
export function recoveryArgs(bench: FaultBench, current: string): readonly string[] {
  return bench.commands.has('recover') ? ['recover'] : ['activate', current];
}

/** Runs commands one after the other, each to a good end. */
function after(...steps: readonly Operation['args'][]): Operation['prepare'] {
  return async (bench, root) => {
    for (const step of steps) await mustRun(bench, root, step(bench));
  };
}

async function mustRun(bench: FaultBench, root: string, args: readonly string[]): Promise<void> {
  const result = await runHost(bench.bundle, [...args, '--root', root, '--json']);
  assert.equal(result.status, 0, `${args.join(' ')}: ${result.stderr}`);
}

const RUNNING_A = [install('before'), install('a')];
const RUNNING_B = [...RUNNING_A, install('b')];

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'first install',
    prepare: after(),
    args: install('a'),
    from: null,
    to: 'a',
    endPrevious: null,
    installed: ['a'],
  },
  {
    name: 'update',
    prepare: after(...RUNNING_A),
    args: install('b'),
    from: 'a',
    to: 'b',
    endPrevious: 'a',
    installed: ['before', 'a', 'b'],
  },
  {
    name: 'update, files copied and synced one by one',
    prepare: after(...RUNNING_A),
    args: install('b', '--link-mode', 'copy', '--durability', 'files'),
    from: 'a',
    to: 'b',
    endPrevious: 'a',
    installed: ['before', 'a', 'b'],
  },
  {
    name: 'update with every hook',
    prepare: after(...RUNNING_A),
    args: install('hooked', '--migrate'),
    from: 'a',
    to: 'hooked',
    endPrevious: 'a',
    installed: ['before', 'a', 'hooked'],
  },
  {
    name: 'install without activating',
    prepare: after(...RUNNING_A),
    args: install('b', '--no-activate'),
    from: 'a',
    to: 'a',
    endPrevious: 'before',
    installed: ['before', 'a', 'b'],
  },
  {
    name: 'install over a damaged release',
    prepare: async (bench, root) => {
      await after(...RUNNING_A, install('b', '--no-activate'))(bench, root);
      rmSync(join(root, 'releases', bench.releases.b.name, 'server.js'));
    },
    args: install('b'),
    from: 'a',
    to: 'b',
    endPrevious: 'a',
    installed: ['before', 'a', 'b'],
  },
  {
    name: 'activate',
    prepare: after(...RUNNING_A, install('b', '--no-activate')),
    args: activate('b'),
    from: 'a',
    to: 'b',
    endPrevious: 'a',
    installed: ['before', 'a', 'b'],
  },
  {
    name: 'rollback',
    prepare: after(...RUNNING_B),
    args: () => ['rollback'],
    from: 'b',
    to: 'a',
    endPrevious: 'b',
    installed: ['before', 'a', 'b'],
    checksEnd: false,
    // Going back twice would be going forward.
    next: (bench, current) =>
      current === `releases/${bench.releases.a.name}` ? activate('a')(bench) : ['rollback'],
  },
  {
    name: 'install that fails its check',
    prepare: after(...RUNNING_A),
    args: install('sick'),
    from: 'a',
    to: 'sick',
    end: 'a',
    endPrevious: 'before',
    installed: ['before', 'a', 'sick'],
    status: FAILED_ACTIVATION,
  },
  {
    name: 'first install that fails its check',
    prepare: after(),
    args: install('sick'),
    from: null,
    to: 'sick',
    end: null,
    endPrevious: null,
    installed: ['sick'],
    status: FAILED_ACTIVATION,
  },
  {
    name: 'activate one that fails its check',
    prepare: after(...RUNNING_A, install('sick', '--no-activate')),
    args: activate('sick'),
    from: 'a',
    to: 'sick',
    end: 'a',
    endPrevious: 'before',
    installed: ['before', 'a', 'sick'],
    status: FAILED_ACTIVATION,
  },
  {
    name: 'update whose prepare hook fails',
    prepare: after(...RUNNING_A),
    args: install('unready'),
    from: 'a',
    to: 'a',
    endPrevious: 'before',
    installed: ['before', 'a', 'unready'],
    status: FAILED_HOOK,
  },
  {
    name: 'recover from half an install',
    prepare: async (bench, root) => {
      await after(...RUNNING_A)(bench, root);
      await leaveCutOff(bench, root, { args: install('b')(bench), before: /^write\(.*tree\/server\.js/ });
    },
    args: recover('a'),
    from: 'a',
    to: 'a',
    endPrevious: 'before',
    installed: ['before', 'a'],
  },
  {
    name: 'recover from a cut behind the switch',
    prepare: async (bench, root) => {
      await after(...RUNNING_A)(bench, root);
      await leaveCutOff(bench, root, { args: install('b')(bench), before: /^fsync\(.*root-[a-z0-9-]+>\)/ });
    },
    args: recover('b'),
    from: 'b',
    to: 'b',
    endPrevious: 'a',
    installed: ['before', 'a', 'b'],
    checksEnd: true,
  },
  {
    name: 'recover from a cut on the way back',
    prepare: async (bench, root) => {
      await after(...RUNNING_A)(bench, root);
      await leaveCutOff(bench, root, { args: install('sick')(bench), before: /^rename.*link-back.*current/ });
    },
    args: recover('a'),
    from: 'sick',
    to: 'a',
    endPrevious: 'before',
    installed: ['before', 'a', 'sick'],
    checksEnd: false,
  },
  {
    name: 'prune',
    prepare: after(...RUNNING_B),
    args: () => ['prune', '--keep', '1'],
    from: 'b',
    to: 'b',
    endPrevious: 'a',
    installed: ['a', 'b'],
    command: 'prune',
  },
];
