// The line of `status` about the supervisor. A module of its own, because most roots have none, and asking one loads
// the network.
import { printable } from '@salver/core';
import { servedStatus } from '@salver/installer';
import type { ServedStatus } from '@salver/installer';
import { formatCount } from './format-amounts.js';

export interface ServedLine extends ServedStatus {
  readonly line: string;
}

/** Asks the supervisor of `root`. */
export async function askSupervisor(root: string): Promise<ServedLine> {
  const served = await servedStatus(root);
  return { ...served, line: `served    ${describe(served)}` };
}

function describe({ supervisor }: ServedStatus): string {
  if (supervisor === null) return 'no: the supervisor does not answer';
  const { pid, state, listen, release, since, workers, workersReady, restarts } = supervisor;
  const facts = [
    `${state} ${release ?? 'nothing'}`,
    since === null ? '' : `since ${since}`,
    `${workersReady} of ${formatCount(workers, 'worker')} ready`,
    restarts === 0 ? '' : formatCount(restarts, 'restart'),
    `on ${listen}`,
    `supervisor ${pid}`,
  ];
  return printable(facts.filter((fact) => fact !== '').join(', '));
}
