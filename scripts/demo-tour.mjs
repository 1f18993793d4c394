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
import { bold, dim, formatMs, green, red, showTable, showTitle } from './demo-screen.mjs';
import { openProxy } from './demo-server.mjs';

const began = performance.now();
const work = mkdtempSync(join(tmpdir(), 'salver-demo-'));
let isInterrupted = false;
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    console.log('\nstopping, and removing everything the demo made');
    void cleanUp().then(() => process.exit(status));
  });
}

async function cleanUp() {
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}

async function takeTour() {
  const app = await copyApp(join(work, 'notes'));
  if (process.argv.includes('--without-compiler')) useVariantWithoutCompiler(app);
  const tour = {
    app,
    root: join(work, 'root'),
    output: join(work, 'artifacts'),
    // A cache of its own: the first build is really the first.
    env: { ...process.env, SALVER_CACHE: join(work, 'cache') },
    proxy: await openProxy(),
    running: undefined,
    summary: [['step', 'time', 'size', 'what happened']],
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
  tour.proxy.close();
}

try {
  await takeTour();
  await cleanUp();
  console.log(`\n${green('done')} ${dim(`in ${formatMs(performance.now() - began)}`)}`);
} catch (error) {
  // While everything is being stopped, commands end early: that is no error.
  if (!isInterrupted) {
    console.error(`\n${red('error:')} ${error.message}`);
    if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
    if (error.code === undefined) console.error(error.stack);
    process.exitCode = 1;
    await cleanUp();
  }
}
