// Starting: what `salver-host status` costs beside bare Node.
import { fileURLToPath } from 'node:url';
import { SALVER_HOST, compare, freshDirectory, interleave, run } from './measure.mjs';

const GOLDEN = fileURLToPath(new URL('../../fixtures/golden/format-1-small.tar.gz', import.meta.url));

/** @returns rows about start time. */
export async function benchStart({ directory, rounds }) {
  const root = freshDirectory(directory, 'status-root');
  await run(SALVER_HOST, ['install', GOLDEN, '--root', root, '--json']);
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
