// `events --flush`: for hands and timers.
import { SalverError } from '@salver/core';
import { hostPaths } from '../host-paths.js';
import { requireRoot } from '../prepare-root.js';
import { deliverOutbox } from './deliver-outbox.js';
import type { DeliverOptions, DeliveryReport } from './deliver-outbox.js';

/** Throws E_RELEASE_NOT_FOUND when nothing was ever installed in `root`, E_INTERRUPTED, and as `deliverOutbox`. */
export async function flushEvents(root: string, options: DeliverOptions): Promise<DeliveryReport> {
  const paths = hostPaths(root);
  requireRoot(paths);
  const report = await deliverOutbox(paths, options);
  if (options.signal?.aborted === true) {
    throw new SalverError('E_INTERRUPTED', 'interrupted while delivering events', {
      hint: 'what was not delivered waits in the outbox',
    });
  }
  return report;
}
