// `salver-host serve`: sets the supervisor up, connects it with signals and the control socket, takes it down.
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SalverError, fileSystemError, isSalverError } from '@salver/core';
import { hostPaths } from '../host-paths.js';
import type { HostPaths } from '../host-paths.js';
import { withRootLock } from '../lock.js';
import { requireRoot } from '../prepare-root.js';
import { currentRelease } from '../release-links.js';
import { requireManifest } from '../require-release.js';
import { endGroup } from './app-process.js';
import type { ControlAnswer, ControlRequest } from './control-messages.js';
import { openControlServer } from './control-server.js';
import { parseListenAddress } from './listen-address.js';
import type { ListenAddress } from './listen-address.js';
import { handedOverAddress, openListeningSocket } from './listening-socket.js';
import type { ListeningSocket } from './listening-socket.js';
import type { LogSink } from './output-tail.js';
import { findOrphans } from './serve-record.js';
import type { RecordedProcess } from './serve-record.js';
import type { ServeOverrides } from './serve-settings.js';
import { Supervisor } from './supervisor.js';

export interface ServeOptions extends ServeOverrides {
  readonly root: string;
  /** Where to listen. Default: the socket from systemd, else the release's `serve.listen`. */
  readonly listen?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes what the app prints. */
  readonly log: LogSink;
  readonly prefixLines?: boolean;
  /** Takes one line about each thing that happens. */
  readonly report: (line: string) => void;
  /** Aborting it ends the supervisor after a drain. */
  readonly signal: AbortSignal;
}

const ORPHAN_DRAIN_MS = 30_000;
const READY_POLL_MS = 50;
/** The directory of the supervisor's state: its own user and root only. */
const SERVE_DIRECTORY_MODE = 0o700;

/**
 * Serves a root until `signal` aborts or somebody asks for the end; resolves when no process is left.
 * Throws E_RELEASE_NOT_FOUND (nothing was ever installed), E_USAGE, E_ADDRESS_UNUSABLE, E_LOCK_HELD, E_FILE_SYSTEM.
 */
export async function serveRoot(options: ServeOptions): Promise<void> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  prepareServeDirectory(paths);
  const lock = { action: 'serve', signal: options.signal };
  await withRootLock({ ...paths, lock: paths.serveLock }, lock, () => superviseRoot(paths, options));
}

function prepareServeDirectory(paths: HostPaths): void {
  try {
    mkdirSync(paths.serve, { recursive: true, mode: SERVE_DIRECTORY_MODE });
  } catch (error) {
    throw fileSystemError(error, `cannot create ${paths.serve} (make it for the user who runs serve)`);
  }
}

async function superviseRoot(paths: HostPaths, options: ServeOptions): Promise<void> {
  const { report, signal, log, env, prefixLines = false } = options;
  const orphans = findOrphans(paths);
  const listener = await openBesideOrphans(chooseAddress(paths, options), orphans, report);
  const supervisor = new Supervisor({
    paths,
    listener,
    overrides: options,
    env,
    log,
    prefixLines,
    report,
    orphans,
  });
  const end = new AbortController();
  const isOver = AbortSignal.any([signal, end.signal]);
  const reload = (): void => void supervisor.reload();
  const control = await openControlServer(paths, (request) => obey(request, supervisor, end));
  process.on('SIGHUP', reload);
  try {
    report(`listening on ${listener.name}`);
    supervisor.start();
    await Promise.all([untilAborted(isOver), replaceOrphans(orphans, { supervisor, isOver, report })]);
    report('stopping: requests under way are finished first');
    await supervisor.stop();
  } finally {
    process.off('SIGHUP', reload);
    control.close();
    supervisor.kill();
    listener.close();
  }
}

async function obey(
  request: ControlRequest,
  supervisor: Supervisor,
  end: AbortController,
): Promise<ControlAnswer> {
  switch (request.do) {
    case 'switch':
      return supervisor.switchTo(request);
    case 'status':
      return supervisor.status();
    case 'stop':
      end.abort();
      return { state: 'stopping' };
  }
}

/** Throws E_USAGE when nobody says where to listen. */
function chooseAddress(paths: HostPaths, { listen, env }: ServeOptions): ListenAddress {
  if (listen !== undefined) return parseListenAddress(listen);
  const address = handedOverAddress(env) ?? configuredAddress(paths);
  if (address !== undefined) return address;
  throw new SalverError('E_USAGE', 'nobody says where to listen', {
    hint: 'write --listen 127.0.0.1:3000, set serve.listen in salver.json, or start it by a systemd socket',
  });
}

function configuredAddress(paths: HostPaths): ListenAddress | undefined {
  const release = currentRelease(paths);
  const listen = release === undefined ? undefined : requireManifest(paths, release).host.serve?.listen;
  return listen === undefined ? undefined : parseListenAddress(listen);
}

/** Orphans of a killed supervisor hold its socket: when they have the address, they must go first. */
async function openBesideOrphans(
  address: ListenAddress,
  orphans: readonly RecordedProcess[],
  report: (line: string) => void,
): Promise<ListeningSocket> {
  try {
    return await openListeningSocket(address);
  } catch (error) {
    const isTaken = isSalverError(error, 'E_ADDRESS_UNUSABLE') && error.facts['errno'] === 'EADDRINUSE';
    if (!isTaken || orphans.length === 0) throw error;
  }
  await endOrphans(orphans, report);
  return openListeningSocket(address);
}

interface Replacement {
  readonly supervisor: Supervisor;
  readonly isOver: AbortSignal;
  readonly report: (line: string) => void;
}

/** They serve until the release that was started takes over. */
async function replaceOrphans(
  orphans: readonly RecordedProcess[],
  { supervisor, isOver, report }: Replacement,
): Promise<void> {
  if (orphans.length === 0) return;
  while (!supervisor.isServing && !isOver.aborted) await delay(READY_POLL_MS);
  await endOrphans(orphans, report);
  supervisor.forgetOrphans();
}

async function endOrphans(
  orphans: readonly RecordedProcess[],
  report: (line: string) => void,
): Promise<void> {
  const pids = orphans.map(({ pid }) => pid);
  report(`ending processes that a killed supervisor left behind: ${pids.join(', ')}`);
  await Promise.all(
    orphans.map(({ pid }) => {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // The leader is gone; endGroup asks the rest.
      }
      return endGroup(pid, ORPHAN_DRAIN_MS);
    }),
  );
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
