// Starting: what `salver-host status` costs beside bare Node.
import { SALVER_HOST, compare, freshDirectory, interleave, run } from './measure.mjs';

/** @returns rows about start time. */
export async function benchStart({ directory, rounds }) {
  const root = freshDirectory(directory, 'empty-root');
  const samples = await interleave(
    {
      'salver-host status': async () => (await run(SALVER_HOST, ['status', '--root', root, '--json'])).ms,
      'node -e 0': async () => (await run(process.execPath, ['-e', '0'])).ms,
    },
    rounds,
    { label: 'start' },
  );
  return [
    compare(
      'start: salver-host status / node -e 0',
      samples['salver-host status'],
      samples['node -e 0'],
      1.6,
    ),
  ];
}
