// Which ecosystems are responsible for a project, and what each of them is going to do. No network.
import { SalverError } from '@salver/core';
import type { Ecosystem, EcosystemContext, EcosystemPlan } from '@salver/core';

/** Throws E_LOCK_MISSING when no ecosystem knows the project, and what the ecosystems throw. */
export async function planEcosystems(
  ecosystems: readonly Ecosystem[],
  context: EcosystemContext,
): Promise<readonly EcosystemPlan[]> {
  const plans: EcosystemPlan[] = [];
  for (const ecosystem of ecosystems) {
    if ((await ecosystem.detect(context)) === undefined) continue;
    const plan = await ecosystem.plan(context);
    if (context.workspace !== undefined && plan.workspaces === undefined) {
      throw new SalverError('E_USAGE', `--workspace does not work with ${ecosystem.name}`, {
        hint: 'build the whole project, or use workspaces of npm, pnpm, yarn or bun',
      });
    }
    plans.push(plan);
  }
  if (plans.length === 0) {
    const names = ecosystems.map((ecosystem) => ecosystem.name).join(', ');
    throw new SalverError('E_LOCK_MISSING', `${context.projectDir} has no lockfile that Salver knows`, {
      hint: `run the command in the directory of the project; supported: ${names}`,
    });
  }
  return plans;
}
