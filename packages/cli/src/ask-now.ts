// `status --check`: the app is asked once, now.
import { checkNow } from '@salver/installer';
import type { Environment } from '@salver/installer';

/** What the app says; `passed` is null when there is nothing to ask. */
export async function askNow(
  root: string,
  env: Environment,
  signal: AbortSignal,
): Promise<{ readonly passed: boolean | null; readonly detail: string }> {
  return (await checkNow(root, env, signal)) ?? { passed: null, detail: 'there is no check' };
}
