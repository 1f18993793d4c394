// Progress that remembers what it was told.
import { SILENT_PROGRESS } from '@salver/core';
import type { Progress } from '@salver/core';

export interface RecordingProgress extends Progress {
  readonly warnings: string[];
  readonly notes: string[];
}

export function recordingProgress(): RecordingProgress {
  const warnings: string[] = [];
  const notes: string[] = [];
  return {
    warnings,
    notes,
    step: SILENT_PROGRESS.step.bind(SILENT_PROGRESS),
    warn: (text) => void warnings.push(text),
    note: (text) => void notes.push(text),
  };
}
