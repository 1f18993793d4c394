// Requests from inside the host, which has a network of its own, until SIGTERM. Argument: the port.
import { startLoad } from '../load-client.js';
import type { ClientCounts } from '../load-client.js';

/** What the process prints when it is told to stop. */
export interface LoadReport {
  readonly ok: number;
  readonly failed: number;
  readonly mixed: number;
  readonly versions: readonly string[];
  readonly failures: readonly string[];
}

export const LOAD_PROGRAM = import.meta.filename;

async function main(port: number): Promise<void> {
  const load = startLoad({ port, keepAlive: 2, oneShot: 2 });
  process.stdout.write('watching\n');
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  const { keepAlive, oneShot } = await load.stop();
  const counts: readonly ClientCounts[] = [keepAlive, oneShot];
  const sum = (key: 'ok' | 'failed' | 'mixed'): number => counts.reduce((all, each) => all + each[key], 0);
  const report: LoadReport = {
    ok: sum('ok'),
    failed: sum('failed'),
    mixed: sum('mixed'),
    versions: [...new Set(counts.flatMap((each) => [...each.byVersion.keys()]))].sort(),
    failures: counts.flatMap((each) => [...each.failures.keys()]),
  };
  process.stdout.write(JSON.stringify(report));
}

if (process.argv[2] !== undefined && process.argv[1] === import.meta.filename)
  await main(Number(process.argv[2]));
