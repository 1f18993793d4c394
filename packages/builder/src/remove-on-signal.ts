// Removes what is only there for the duration of a step when the process is stopped by a signal. A program that
// handles the signal itself (the command line aborts and lets every `finally` run) is left alone.
import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const registered = new Set<string>();

/** Has `path` removed should a signal end the process. Call the returned function when it is gone anyway. */
export function removeOnSignal(path: string): () => void {
  if (registered.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
  registered.add(path);
  return () => {
    if (!registered.delete(path) || registered.size > 0) return;
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const path of registered) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next opener of the cache tries again.
    }
  }
  // Without our listener the signal does what it always does: the caller sees the right exit status.
  for (const name of SIGNALS) process.removeListener(name, onSignal);
  process.kill(process.pid, signal);
}
