// Building: warm with changed own code, and first with downloads cached, against what teams do today.
// Every contender starts at the command and ends when the finished file is on disk (synced).
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { changeOwnCode } from './apps.mjs';
import { SALVER, compare, freshDirectory, interleave, run, shell } from './measure.mjs';

/** @returns rows for one app size. */
export async function benchBuild({ app, directory, rounds, size }) {
  let artifact = '';
  let peerArtifact = '';
  const peakMb = { warm: 0, first: 0 };
  const samples = await interleave(
    {
      'salver warm': async (round) => {
        changeOwnCode(app.directory, round + 1);
        const built = await salverBuild(app, app.salverCache, freshDirectory(directory, 'warm'));
        artifact = built.artifact;
        peakMb.warm = Math.max(peakMb.warm, built.peakMb);
        return built.ms;
      },
      'salver first': async () => {
        const cache = await cacheWithDownloadsOnly(app.salverCache, freshDirectory(directory, 'cache'));
        const built = await salverBuild(app, cache, freshDirectory(directory, 'first'));
        peakMb.first = Math.max(peakMb.first, built.peakMb);
        return built.ms;
      },
      'cp of the artifact': async () => {
        if (artifact === '') return undefined;
        const cwd = freshDirectory(directory, 'cp');
        return (await shell('cp "$FROM" out.tar.gz && sync -d out.tar.gz', { cwd, env: { FROM: artifact } }))
          .ms;
      },
      'npm ci + tar': async () => {
        const { file, ms } = await npmAndTar(app, freshDirectory(directory, 'npm'));
        peerArtifact = file;
        return ms;
      },
      'pnpm + tar': async () => app.pnpm && pnpmAndTar(app, freshDirectory(directory, 'pnpm')),
    },
    rounds,
    { label: `build ${size}` },
  );
  const { 'salver warm': warm, 'salver first': first, 'npm ci + tar': npm, 'pnpm + tar': pnpm } = samples;
  const bytes = [statSync(artifact).size, statSync(peerArtifact).size];
  const name = `build ${size}`;
  return [
    compare(`${name}: warm, own code changed / npm ci --offline + tar czf`, warm, npm, 1 / 100),
    compare(`${name}: warm, own code changed / pnpm --offline + tar czf`, warm, pnpm),
    compare(`${name}: warm, own code changed / cp of the artifact`, warm, samples['cp of the artifact'], 6),
    compare(`${name}: first, downloads cached / npm ci --offline + tar czf`, first, npm, 1 / 8),
    compare(`${name}: artifact bytes / one gzip -6 stream of the same tree`, [bytes[0]], [bytes[1]], 1.02),
    compare(`${name}: peak MB of a warm build / budget`, [peakMb.warm], [250], 1),
    compare(`${name}: peak MB of a first build / budget`, [peakMb.first], [250], 1),
  ];
}

/** One build from the command's start to its end. */
async function salverBuild(app, cache, output) {
  const args = ['build', app.directory, '--output', output, '--offline', '--json'];
  const { ms, peakMb, stdout } = await run(SALVER, args, { env: { SALVER_CACHE: cache } });
  return { ms, peakMb, artifact: JSON.parse(stdout).artifact };
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
