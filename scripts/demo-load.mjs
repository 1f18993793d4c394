// Requests that flow while a release is exchanged, and an honest count of what came back.
import { request } from './demo-server.mjs';

const CLIENTS = 4;
const PATH = '/api/notes';

/** Starts the load. `stop` waits for the requests under way and resolves with the counts. */
export function startLoad(port) {
  const counts = { ok: 0, failed: 0, byVersion: new Map(), firstFailure: undefined, timesMs: [] };
  let isOver = false;
  const client = async () => {
    while (!isOver) await sendOne(port, counts);
  };
  const clients = Array.from({ length: CLIENTS }, client);
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
      counts.timesMs.sort((left, right) => left - right);
      return counts;
    },
  };
}

async function sendOne(port, counts) {
  try {
    const { status, body, ms } = await request(port, PATH);
    if (status !== 200) throw new Error(`status ${status}`);
    const { version } = JSON.parse(body);
    counts.ok += 1;
    counts.timesMs.push(ms);
    counts.byVersion.set(version, (counts.byVersion.get(version) ?? 0) + 1);
  } catch (error) {
    counts.failed += 1;
    counts.firstFailure ??= error.message;
    // A refused connection comes back at once: do not count it ten thousand times.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The value below which a share of the sorted times lies, in milliseconds. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
