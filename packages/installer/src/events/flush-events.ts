// `events --flush`: for hands and timers.
import { hostPaths } from '../host-paths.js';
import { requireRoot } from '../prepare-root.js';
import { deliverOutbox } from './deliver-outbox.js';
import type { DeliverOptions, DeliveryReport } from './deliver-outbox.js';

/** Throws E_RELEASE_NOT_FOUND when nothing was ever installed in `root`, and what `deliverOutbox` throws. */
export async function flushEvents(root: string, options: DeliverOptions): Promise<DeliveryReport> {
  const paths = hostPaths(root);
  requireRoot(paths);
  return await deliverOutbox(paths, options);
}
