// Compiled dependencies: building an app whose addon is in the cache, against compiling it.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SALVER, compare, freshDirectory, interleave, run } from './measure.mjs';

const APP = fileURLToPath(new URL('../../fixtures/locks/native-implicit-gyp', import.meta.url));

/** @returns rows about compiled dependencies; a skipped row, with the reason printed, without a compiler. */
export async function benchNative({ directory, rounds }) {
  const project = join(directory, 'native-app');
  cpSync(APP, project, { recursive: true });
  const warm = freshDirectory(directory, 'native-cache');
  const build = async (cache) => {
    const { stdout } = await run(
      SALVER,
      ['build', project, '--output', freshDirectory(directory, 'native-out'), '--json'],
      {
        env: { SALVER_CACHE: cache },
      },
    );
    // The time spent on dependencies: start-up and writing the file are the same on both sides.
    return JSON.parse(stdout).phasesMs.collect;
  };
  try {
    await build(warm);
  } catch (error) {
    console.error(`  native sits out: ${String(error.message).slice(0, 300)}`);
    return [compare('native: second build / compiling it', [], [], 1 / 500)];
  }
  const samples = await interleave(
    {
      'from the cache': () => build(warm),
      compiling: () => build(freshDirectory(directory, 'native-cache')),
    },
    rounds,
    { label: 'native', warmUp: false },
  );
  return [
    compare(
      'native: dependencies of the second build / compiling them',
      samples['from the cache'],
      samples.compiling,
      1 / 500,
    ),
  ];
}
