// Installing: a full one against GNU tar, an update against GNU tar of the whole and against `cp -al`.
// Salver verifies every byte, syncs, and switches `current`; the peers only unpack (and are synced as well).
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { changeOwnCode } from './apps.mjs';
import { SALVER, SALVER_HOST, compare, freshDirectory, interleave, run, shell } from './measure.mjs';

/** @returns rows for one app size. */
export async function benchInstall({ app, directory, rounds, size }) {
  const first = await buildVersion(app, directory, 1_000_001);
  const second = await buildVersion(app, directory, 1_000_002);
  // One stream of the same tree, as a team without Salver would ship it.
  const tree = freshDirectory(directory, 'tree');
  const plain = join(directory, `plain-${size}.tar.gz`);
  await shell('tar xzf "$A" -C "$T" && tar czf "$P" -C "$T" .', { env: { A: second, T: tree, P: plain } });
  let peakMb = 0;
  const samples = await interleave(
    {
      'salver full': async () => {
        const root = freshDirectory(directory, 'root');
        const { ms, peakMb: peak } = await run(SALVER_HOST, [
          'install',
          first,
          '--root',
          root,
          '--json',
          '--quiet',
        ]);
        peakMb = Math.max(peakMb, peak);
        return ms;
      },
      'salver update': async () => {
        const root = freshDirectory(directory, 'root');
        await run(SALVER_HOST, ['install', first, '--root', root, '--json', '--quiet']);
        const { ms } = await run(SALVER_HOST, ['install', second, '--root', root, '--json', '--quiet']);
        return ms;
      },
      'tar xzf': async () => {
        const into = freshDirectory(directory, 'tar');
        return (await shell('tar xzf "$P" -C "$T" && sync -f "$T"', { env: { P: plain, T: into } })).ms;
      },
      'cp -al': async () => {
        const into = freshDirectory(directory, 'links');
        return (await shell('cp -al "$FROM" "$T/" && sync -f "$T"', { env: { FROM: tree, T: into } })).ms;
      },
    },
    rounds,
    { label: `install ${size}` },
  );
  return [
    compare(
      `install ${size}: full, every byte verified / tar xzf (GNU), which verifies nothing`,
      samples['salver full'],
      samples['tar xzf'],
      0.75,
    ),
    compare(
      `install ${size}: update, own code changed / tar xzf (GNU) of the whole`,
      samples['salver update'],
      samples['tar xzf'],
      0.3,
    ),
    compare(
      `install ${size}: update, own code changed / cp -al of the whole`,
      samples['salver update'],
      samples['cp -al'],
    ),
  ];
}

async function buildVersion(app, directory, round) {
  const project = freshDirectory(directory, 'version');
  cpSync(app.directory, project, { recursive: true });
  changeOwnCode(project, round);
  const { stdout } = await run(
    SALVER,
    ['build', project, '--output', freshDirectory(directory, 'built'), '--offline', '--json'],
    {
      env: { SALVER_CACHE: app.salverCache },
    },
  );
  return JSON.parse(stdout).artifact;
}
