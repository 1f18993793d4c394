// The manifest: canonical JSON that states what a release is (docs/format.md section 5).
// This file has its shape; parse-manifest.ts reads hostile bytes into it.
import type { Needs } from './needs.js';

export const FORMAT_NUMBER = 1;

/** Raw size in bytes and lower-case hex sha256 of one member's raw (decompressed) bytes. */
export type MemberRow = readonly [rawBytes: number, sha256: string];

/** One environment variable the app reads. */
export interface EnvRule {
  readonly required?: boolean;
  readonly default?: string;
  /** Regular expression the value must match as a whole. */
  readonly pattern?: string;
}

/** A command of the app, run on the host in the new release. */
export interface HookRule {
  readonly run: string;
  readonly timeout?: string;
  /** Only for `migrate`. */
  readonly phase?: 'expand' | 'contract';
}

/** How the host finds out that the app is healthy. Exactly one of `http`, `tcp` and `run`. */
export interface CheckRule {
  readonly http?: string;
  readonly tcp?: string;
  readonly run?: string;
  /** HTTP status that counts as healthy. Default: any from 200 to 399. */
  readonly status?: number;
  /** Text that the body of the answer must hold. */
  readonly body?: string;
  /** `Name: value` that the answer must carry. */
  readonly header?: string;
  /** Passes in a row that are needed. Default 1. */
  readonly passes?: number;
  /** How long the app may take to become healthy, the grace not counted. Default 60s. */
  readonly deadline?: string;
  /** Time between two tries. Default 500ms. */
  readonly interval?: string;
  /** Time limit of one try. Default 5s. */
  readonly timeout?: string;
  /** Start-up time before the first try. Default none. */
  readonly grace?: string;
}

/**
 * The check before the switch: `start` is run on a spare port and looked at there. Without http, tcp and run it
 * is asked what `check` asks, on that port.
 */
export interface CandidateRule extends CheckRule {
  /** Environment variable that tells `start` its port. Default PORT. */
  readonly port?: string;
}

/** What a host does about an activation that was cut off after its switch. Default `verify`. */
export type CrashPolicy = 'verify' | 'rollback' | 'keep';

/** How `salver-host serve` serves the release. */
export interface ServeRule {
  /** Processes that are started side by side. */
  readonly workers?: number;
  /** `accept`, or a path that must answer before the release counts as ready. */
  readonly ready?: string;
  /** How long the old release may take to finish its requests. */
  readonly drain?: string;
  /** Where to listen when neither systemd nor the command line says. */
  readonly listen?: string;
}

/** The part of salver.json that a host acts upon. A key that is absent was not configured. */
export interface HostSettings {
  readonly start?: string;
  readonly shared?: readonly string[];
  readonly env?: Readonly<Record<string, EnvRule>>;
  readonly hooks?: {
    readonly prepare?: HookRule;
    readonly migrate?: HookRule;
    readonly reload?: HookRule;
    readonly cleanup?: HookRule;
    readonly check?: CheckRule;
    readonly candidate?: CandidateRule;
  };
  readonly serve?: ServeRule;
  /** How many healthy releases retention keeps. */
  readonly keep?: number;
  readonly onCrash?: CrashPolicy;
}

/**
 * What a schema migration does to code that still runs: `expand` leaves it working, `contract` takes something away from
 * it, `review` may do either, of `opaque` nothing can be known.
 */
export type MigrationEffect = 'expand' | 'review' | 'opaque' | 'contract';

/** One schema migration that the release brings. */
export interface Migration {
  /** `shop.0004_remove_note`. */
  readonly id: string;
  readonly effect: MigrationEffect;
  /** The operation that decides, e.g. `RemoveField order.note`. */
  readonly why?: string;
}

/** Install scripts of a unit. Names are `preinstall`, `install`, `postinstall`, `node-gyp rebuild`. */
export interface UnitScripts {
  readonly ran?: readonly string[];
  readonly skipped?: readonly string[];
}

/** What a unit of static files says of them. */
export interface UnitAssets {
  /** Where they are served: begins and ends with `/`. */
  readonly url: string;
  /** True: every name changes with the content, whatever it looks like. */
  readonly immutable?: boolean;
  /** Hosts keep them reachable below `shared/static` for so long after the last release that had them, e.g. `30d`. */
  readonly keep?: string;
}

/** The smallest thing with a name inside an artifact. */
export interface Unit {
  /** `npm`, `npm-links`, `npm-extra`, `assets`, `app`, `salver`; later ecosystems add theirs. */
  readonly kind: string;
  readonly name: string;
  readonly version?: string;
  /** Where it lies in the release; empty for the top. */
  readonly path: string;
  /** How many tar entries it has. */
  readonly entries: number;
  /** Sum of its files' sizes in bytes. */
  readonly sizeBytes: number;
  /** True when some of its files were compiled by this build's machine. */
  readonly compiled?: boolean;
  readonly scripts?: UnitScripts;
  /** Present when it holds static files of the app (kind `assets`). */
  readonly assets?: UnitAssets;
  /** Its members, in file order. */
  readonly members: readonly MemberRow[];
}

export interface Manifest {
  readonly format: typeof FORMAT_NUMBER;
  readonly name: string;
  readonly version: string;
  /** As {@link formatTarget} writes it. */
  readonly target: string;
  readonly needs: Needs;
  readonly host: HostSettings;
  /** All the app's migrations, sorted by id; absent where none are known. */
  readonly migrations?: readonly Migration[];
  /** In the order in which their members lie in the file. */
  readonly units: readonly Unit[];
}

/** Length in bytes and CRC-32 (unsigned) of one stored (compressed) content member. */
export type LayoutRow = readonly [storedBytes: number, crc32: number];

/** Where each content member's compressed bytes lie. Carries no authority. */
export interface Layout {
  readonly format: typeof FORMAT_NUMBER;
  /** One row per content member, in file order. Offsets are the running sum of the lengths. */
  readonly members: readonly LayoutRow[];
}

/** Labels for people. Not part of the release's identity, never trusted. */
export interface SourceLabel {
  readonly format: typeof FORMAT_NUMBER;
  readonly commit?: string;
  readonly branch?: string;
  /** True when tracked files differed from the commit. */
  readonly dirty?: boolean;
}
