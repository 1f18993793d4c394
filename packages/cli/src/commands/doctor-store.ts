import { probeStore } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { formatCount } from '../format-amounts.js';
import { openNamedStore, withStore } from '../store-input.js';
import { renderTable } from '../table.js';

const EXIT_CODE_PROBLEMS = 1;

/** `salver doctor`: ends with 1 when the store lacks something. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const given = context.input.arguments.get('STORE');
  return withStore(
    context,
    async (store) => {
      const open = (): ReturnType<typeof openNamedStore> => openNamedStore(context, given);
      const findings = await probeStore({ store, open, signal: context.signal });
      const problems = findings.filter(({ ok }) => !ok).length;
      const rows = findings.map(({ probe, ok, seen, follows }) => [
        ok ? 'ok' : 'problem',
        probe,
        seen,
        follows,
      ]);
      const columns = [{ title: '' }, { title: 'PROBE' }, { title: 'SEEN' }, { title: 'WHAT FOLLOWS' }];
      return {
        json: { ok: problems === 0, store: store.description, findings },
        text: renderTable(columns, rows).join('\n'),
        summary:
          problems === 0
            ? `${store.description} guarantees all that Salver builds on`
            : `${formatCount(problems, 'problem')} with ${store.description}`,
        exitCode: problems === 0 ? 0 : EXIT_CODE_PROBLEMS,
      };
    },
    given,
  );
}
