// From an act to what the webhooks are told.
import { enqueueEvents } from './outbox.js';
import type { ReleaseOccurrence } from './outbox.js';
import type { Act } from '../act.js';
import { readReleaseFacts } from '../release-facts.js';
import { splitReleaseName } from '../release-reference.js';

/** Puts what happened into the outbox. Never throws. */
export function occurred(act: Act, kind: ReleaseOccurrence['kind'], reason?: string): void {
  const { paths, release, manifest, by, txid, clock } = act;
  const facts = readReleaseFacts(paths, release);
  const named = splitReleaseName(release);
  const durationMs = Object.values(clock.phasesMs).reduce((sum, milliseconds) => sum + milliseconds, 0);
  enqueueEvents(paths, {
    kind,
    at: new Date().toISOString(),
    app: facts?.name ?? manifest?.name ?? '',
    release,
    id: facts?.id ?? named.shortId,
    version: facts?.version ?? named.version,
    previous: act.from,
    ...(facts?.commit === undefined ? {} : { commit: facts.commit }),
    by,
    durationMs: Math.round(durationMs),
    txid,
    ...(reason === undefined ? {} : { reason }),
  });
}
