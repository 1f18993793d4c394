import { fuzz } from './fuzzer.js';
import { fuzzSubjects } from './subjects.js';

/** Spreads `executions` over all subjects; `tell` gets a line for each. Throws with the input that did harm. */
export function fuzzAll(
  options: { readonly seed: number; readonly executions: number; readonly usesCoverage: boolean },
  tell: (line: string) => void,
): number {
  const { subjects, dispose } = fuzzSubjects();
  const shares = subjects.reduce((sum, { share }) => sum + share, 0);
  let total = 0;
  try {
    for (const subject of subjects) {
      const executions = Math.ceil((options.executions * subject.share) / shares);
      const started = performance.now();
      const report = fuzz(subject, { ...options, executions });
      total += report.executions;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      tell(
        `${subject.name}: ${report.executions} executions, ${report.accepted} accepted, ${report.answers} answers, ` +
          `corpus ${report.corpus}, ${report.newBlocks} blocks, slowest ${report.slowestMs.toFixed(1)} ms, ${seconds} s`,
      );
    }
  } finally {
    dispose();
  }
  return total;
}
