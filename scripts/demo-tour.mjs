// The demo itself: the steps in their order. Started by scripts/demo, which sets up what it needs.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyApp, useVariantWithoutCompiler } from './demo-app.mjs';
import { buildAgain, buildBroken, buildCold, buildUpdate } from './demo-build-steps.mjs';
import {
  installFirst,
  refuseDamaged,
  refuseDeadServer,
  rollBackUnderLoad,
  serveFirst,
  updateUnderLoad,
} from './demo-host-steps.mjs';
import { stopAll } from './demo-processes.mjs';
import { bold, dim, formatMs, green, red, showNote, showTable, showTitle } from './demo-screen.mjs';
import { openProxy } from './demo-server.mjs';

const began = performance.now();
const work = mkdtempSync(join(tmpdir(), 'salver-demo-'));
let isInterrupted = false;

function interrupt(status) {
  if (isInterrupted) return;
  isInterrupted = true;
  console.log('\nstopping, and removing everything the demo made');
  void cleanUp().then(() => process.exit(status));
}

process.on('SIGINT', () => interrupt(130));
process.on('SIGTERM', () => interrupt(143));
// Whoever reads the output has gone, e.g. `scripts/demo | head`.
process.stdout.on('error', () => interrupt(1));

let proxy;

async function cleanUp() {
  proxy?.close();
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}

async function takeTour() {
  proxy = await openProxy();
  const app = await copyApp(join(work, 'notes'));
  if (process.argv.includes('--without-compiler')) useVariantWithoutCompiler(app);
  const tour = {
    app,
    root: join(work, 'root'),
    output: join(work, 'artifacts'),
    // Caches of its own, npm's too: the first build really downloads and compiles everything.
    env: { ...process.env, SALVER_CACHE: join(work, 'cache'), npm_config_cache: join(work, 'npm-cache') },
    proxy,
    running: undefined,
    summary: [['step', 'time', 'bytes', 'what happened']],
  };
  showTitle('Salver: from a lockfile to a running release, and back', [
    `node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} CPUs`,
    `everything happens in ${work} and is removed at the end`,
  ]);

  const v1 = await buildCold(tour);
  await buildAgain(tour, v1);
  await installFirst(tour, v1);
  await serveFirst(tour);
  const v2 = await buildUpdate(tour, v1);
  await updateUnderLoad(tour, v2);
  const v3 = await buildBroken(tour);
  await refuseDamaged(tour, v3);
  await refuseDeadServer(tour, v3);
  await rollBackUnderLoad(tour);

  console.log(`\n${bold('Summary')}`);
  showTable(tour.summary);
  showNote(dim('bytes: of the artifact that was built, or what an installation read of it'));
}

try {
  await takeTour();
  await cleanUp();
  console.log(`\n${green('done')} ${dim(`in ${formatMs(performance.now() - began)}`)}`);
} catch (error) {
  // While everything is being stopped, commands end early: that is no error.
  if (!isInterrupted) {
    console.error(`\n${red('error:')} ${error.message}`);
    if (error.hint) console.error(`hint: ${error.hint}`);
    if (error.code === undefined) console.error(error.stack);
    process.exitCode = 1;
    await cleanUp();
  }
}
