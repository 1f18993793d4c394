// Where things lie under a root (DESIGN 4). Every other file asks here, so the layout is stated once.
import { resolve } from 'node:path';

/** The places of one root, all absolute. */
export interface HostPaths {
  readonly root: string;
  /** Symlink to the active release: the only name services use. */
  readonly current: string;
  /** Symlink to the release a rollback goes to. */
  readonly previous: string;
  readonly releases: string;
  /** Data that outlives releases. */
  readonly shared: string;
  /** Static files of this release and of those before it, see kept-assets.ts. */
  readonly keptAssets: string;
  /** When each of them was last part of the current release. */
  readonly keptAssetsState: string;
  /** Settings and secrets of this host, put there by configuration management. */
  readonly envFile: string;
  /** Whom this host tells of its releases, put there by configuration management as well. */
  readonly webhooksFile: string;
  /** Whom this root trusts, see trust/trust-settings.ts. */
  readonly trustConfig: string;
  /** Addresses of stores, one a line, see pull mode. */
  readonly storesFile: string;
  /** Path of the Python to use, for hosts that have several. */
  readonly pythonFile: string;
  /** Salver's own state. */
  readonly state: string;
  /** What was seen of channels, see trust/channel-record.ts. */
  readonly trustState: string;
  /** Downloads that are not needed any more once a release is installed. */
  readonly downloads: string;
  /** Events that have not been delivered yet, see events/outbox-files.ts. */
  readonly outbox: string;
  readonly lock: string;
  /** What is being done to `current`, see journal.ts. */
  readonly journal: string;
  readonly journalSpare: string;
  /** One line per act, see history.ts. */
  readonly history: string;
  /** How each release has fared here, see release-marks.ts. */
  readonly marks: string;
  /** Which contract migrations ran here, see contract-guard.ts. */
  readonly contracts: string;
  readonly pins: string;
  /** Output of hooks, by transaction. */
  readonly hooks: string;
  /** One file per installed release: what lies where, see release-record.ts. */
  readonly records: string;
  /** Work that has not been committed; emptied by every recovery. */
  readonly staging: string;
  /** State of the supervisor; a directory of its own, because it may run as another user than the installer. */
  readonly serve: string;
  /** Lock of the supervisor. */
  readonly serveLock: string;
  /** Unix socket on which the supervisor takes orders. */
  readonly serveSocket: string;
  /** Which processes the supervisor has started. */
  readonly serveRecord: string;
}

/** Below `shared`. */
export const KEPT_ASSETS_NAME = 'static';

/** Mode of directories that hold only Salver's own state. */
export const STATE_DIRECTORY_MODE = 0o755;

export function hostPaths(root: string): HostPaths {
  const top = resolve(root);
  const state = `${top}/.salver`;
  return {
    root: top,
    current: `${top}/current`,
    previous: `${top}/previous`,
    releases: `${top}/releases`,
    shared: `${top}/shared`,
    keptAssets: `${top}/shared/${KEPT_ASSETS_NAME}`,
    keptAssetsState: `${state}/assets.json`,
    envFile: `${top}/config/env`,
    webhooksFile: `${top}/config/webhooks.json`,
    trustConfig: `${top}/config/trust`,
    storesFile: `${top}/config/stores`,
    pythonFile: `${top}/config/python`,
    state,
    trustState: `${state}/trust`,
    downloads: `${state}/downloads`,
    outbox: `${state}/outbox`,
    lock: `${state}/lock`,
    journal: `${state}/journal.json`,
    journalSpare: `${state}/journal.spare`,
    history: `${state}/history.jsonl`,
    marks: `${state}/marks`,
    contracts: `${state}/contracts.json`,
    pins: `${state}/pins.json`,
    hooks: `${state}/hooks`,
    records: `${state}/records`,
    staging: `${state}/staging`,
    serve: `${state}/serve`,
    serveLock: `${state}/serve/lock`,
    serveSocket: `${state}/serve/serve.sock`,
    serveRecord: `${state}/serve/serve.json`,
  };
}

/** Directory of one release. */
export function releasePath(paths: HostPaths, release: string): string {
  return `${paths.releases}/${release}`;
}

/** Target of the links `current` and `previous`: relative, so that a root can be moved or mounted elsewhere. */
export function releaseLinkTarget(release: string): string {
  return `releases/${release}`;
}
