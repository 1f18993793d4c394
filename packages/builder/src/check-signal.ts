// Between the steps of a build: has somebody asked to stop?
import { SalverError } from '@salver/core';

/** Throws E_INTERRUPTED when the signal is aborted. */
export function checkSignal(signal: AbortSignal): void {
  if (signal.aborted) throw new SalverError('E_INTERRUPTED', 'the build was interrupted');
}
