// Values of variables against the patterns of the release. Pattern and default both come with the artifact, and a
// regular expression may take longer than the universe lasts: all of them together get a second.
import { runInNewContext } from 'node:vm';
import { printable } from '@salver/core';

export interface PatternCheck {
  readonly name: string;
  readonly value: string;
  readonly pattern: string;
}

export interface VariableProblem {
  readonly name: string;
  readonly problem: string;
}

const MATCHING_MS_MAX = 1_000;
/** What V8 can interrupt: a script with a time limit. It counts how far it came. */
const MATCH_ALL = 'for (const { regExp, value } of checks) matched.push(regExp.test(value))';

/** What is wrong with the values, one row per variable. */
export function patternProblems(checks: readonly PatternCheck[]): readonly VariableProblem[] {
  const problems: VariableProblem[] = [];
  const compiled: (PatternCheck & { readonly regExp: RegExp })[] = [];
  for (const check of checks) {
    const { name, pattern } = check;
    try {
      compiled.push({ ...check, regExp: new RegExp(`^(?:${pattern})$`, 'u') });
    } catch {
      problems.push({ name, problem: `has a pattern that is no regular expression: ${printable(pattern)}` });
    }
  }
  const matched = matchAll(compiled);
  compiled.forEach(({ name, pattern }, index) => {
    if (matched[index] === undefined)
      problems.push({ name, problem: `has a pattern that takes too long to match: ${printable(pattern)}` });
    else if (!matched[index]) problems.push({ name, problem: `does not match ${printable(pattern)}` });
  });
  return problems;
}

/** One answer per check, as far as the time reached. */
function matchAll(
  checks: readonly { readonly regExp: RegExp; readonly value: string }[],
): readonly boolean[] {
  const matched: boolean[] = [];
  if (checks.length === 0) return matched;
  try {
    runInNewContext(MATCH_ALL, { checks, matched }, { timeout: MATCHING_MS_MAX });
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  return matched;
}

/** The error comes from the script's own realm, where Error is another one. */
function isTimeout(error: unknown): boolean {
  const isObject = typeof error === 'object' && error !== null;
  return isObject && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
