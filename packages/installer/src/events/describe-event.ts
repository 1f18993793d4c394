// Events in words, for channels that people read.
import type { HostEvent } from './host-event.js';

/** One line: `shop 1.4.2 is active on web-1 (production), before: 1.4.1-0c9d1e55ab42`. */
export function describeEvent(event: HostEvent): string {
  const { occurrence, host, environment, isTest } = event;
  const subject = `${occurrence.app} ${occurrence.version}`;
  return `${isTest ? '[test] ' : ''}${subject} ${verbOf(event)} on ${host} (${environment})`;
}

function verbOf({ occurrence: { kind, previous } }: HostEvent): string {
  switch (kind) {
    case 'activated':
      return 'is active';
    case 'rolled-back':
      return 'is active again after a rollback';
    case 'activation-failed':
      return 'could not be activated';
    case 'reverted':
      return `was unhealthy and has been reverted${previous === null ? '' : ` to ${previous}`}`;
  }
}

/** What else a reader wants to know, one fact a line: release, previous release, commit, who, how long, why. */
export function eventFacts({ occurrence }: HostEvent): readonly string[] {
  const { release, previous, commit, by, durationMs, reason } = occurrence;
  return [
    `release ${release}`,
    previous === null ? '' : `before ${previous}`,
    commit === undefined ? '' : `commit ${commit}`,
    by === '' ? '' : `by ${by}`,
    `in ${(durationMs / 1000).toFixed(1)} s`,
    reason === undefined || reason === '' ? '' : `reason: ${reason}`,
  ].filter((fact) => fact !== '');
}
