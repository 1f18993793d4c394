// Building: warm with changed own code, and first with downloads cached, against what teams do today.
// Every contender starts at the command and ends when the finished file is on disk (synced).
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { changeOwnCode } from './apps.mjs';
import { SALVER, compare, freshDirectory, interleave, run, shell } from './measure.mjs';

/** @returns rows for one app size. */
export async function benchBuild({ app, directory, rounds, size }) {
  let artifact = '';
  const peerArtifacts = [];
  const samples = await interleave(
    {
      'salver warm': async (round) => {
        changeOwnCode(app.directory, round + 1);
        const output = freshDirectory(directory, 'warm');
        const { ms, stdout } = await run(
          SALVER,
          ['build', app.directory, '--output', output, '--offline', '--json'],
          {
            env: { SALVER_CACHE: app.salverCache },
          },
        );
        artifact = JSON.parse(stdout).artifact;
        return ms;
      },
      'salver first': async () => {
        const output = freshDirectory(directory, 'first');
        const cache = await cacheWithDownloadsOnly(app.salverCache, freshDirectory(directory, 'cache'));
        const { ms } = await run(
          SALVER,
          ['build', app.directory, '--output', output, '--offline', '--json'],
          {
            env: { SALVER_CACHE: cache },
          },
        );
        return ms;
      },
      'cp of the artifact': async () => {
        if (artifact === '') return undefined;
        const { ms } = await shell('cp "$FROM" out.tar.gz && sync -d out.tar.gz', {
          cwd: freshDirectory(directory, 'cp'),
          env: { FROM: artifact },
        });
        return ms;
      },
      'npm ci + tar': async () => {
        const { file, ms } = await npmAndTar(app, freshDirectory(directory, 'npm'));
        peerArtifacts.push(file);
        return ms;
      },
      'pnpm + tar': async () =>
        app.pnpm === undefined ? undefined : pnpmAndTar(app, freshDirectory(directory, 'pnpm')),
    },
    rounds,
    { label: `build ${size}` },
  );
  const ours = statSync(artifact).size;
  const peer = statSync(peerArtifacts.at(-1)).size;
  return [
    compare(
      `build ${size}: warm, own code changed / npm ci --offline + tar czf`,
      samples['salver warm'],
      samples['npm ci + tar'],
      1 / 100,
    ),
    compare(
      `build ${size}: warm, own code changed / pnpm --offline + tar czf`,
      samples['salver warm'],
      samples['pnpm + tar'],
    ),
    compare(
      `build ${size}: warm, own code changed / cp of the artifact`,
      samples['salver warm'],
      samples['cp of the artifact'],
      6,
    ),
    compare(
      `build ${size}: first, downloads cached / npm ci --offline + tar czf`,
      samples['salver first'],
      samples['npm ci + tar'],
      1 / 8,
    ),
    compare(`build ${size}: artifact bytes / one gzip -6 stream of the same tree`, [ours], [peer], 1.02),
  ];
}

/** A cache that has all downloads but no finished member: hard links, so that nothing is copied. */
async function cacheWithDownloadsOnly(cache, into) {
  await shell(
    'cp -al "$FROM/downloads" "$INTO/" && { [ ! -d "$FROM/notes" ] || cp -al "$FROM/notes" "$INTO/"; }',
    {
      env: { FROM: cache, INTO: into },
    },
  );
  return into;
}

async function npmAndTar(app, work) {
  const project = join(work, 'app');
  cpSync(app.directory, project, { recursive: true });
  const file = join(work, 'app.tar.gz');
  const { ms } = await shell(
    'npm ci --offline --omit=dev --ignore-scripts --no-audit --no-fund --cache "$CACHE" >/dev/null && tar czf ../app.tar.gz . && sync -d ../app.tar.gz',
    { cwd: project, env: { CACHE: app.npmCache } },
  );
  return { file, ms };
}

async function pnpmAndTar(app, work) {
  const project = join(work, 'app');
  cpSync(app.pnpm.project, project, { recursive: true });
  const flags = app.pnpm.flags.map((flag) => `'${flag}'`).join(' ');
  const { ms } = await shell(
    `"$PNPM" install --offline --frozen-lockfile ${flags} >/dev/null && tar czf ../app.tar.gz . && sync -d ../app.tar.gz`,
    { cwd: project, env: { PNPM: app.pnpm.bin } },
  );
  return ms;
}
