// Versions as Python orders them (PEP 440, now "Version specifiers" in the packaging specifications).

/** A version, split into what its order depends on. */
export interface Version {
  readonly epoch: number;
  readonly release: readonly number[];
  readonly pre: readonly [phase: 'a' | 'b' | 'rc', number: number] | undefined;
  readonly post: number | undefined;
  readonly dev: number | undefined;
  /** Parts of the local label, numbers as numbers; empty without one. */
  readonly local: readonly (string | number)[];
}

const VERSION = new RegExp(
  '^v?(?:([0-9]+)!)?([0-9]+(?:\\.[0-9]+)*)' +
    '(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?([0-9]*))?' +
    '(?:-([0-9]+)|[-_.]?(?:post|rev|r)[-_.]?([0-9]*))?' +
    '([-_.]?dev[-_.]?([0-9]*))?' +
    '(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$',
);

/** Longer ones are no versions: numbers must stay exact. */
const VERSION_CHARACTERS_MAX = 128;

const PHASES: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
};

/** Reads a version in any spelling the specification allows; undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  const trimmed = text.trim();
  const match = trimmed.length > VERSION_CHARACTERS_MAX ? null : VERSION.exec(trimmed.toLowerCase());
  if (match === null) return undefined;
  const [, epoch, release = '', phase, phaseNumber, dashPost, post, dev, devNumber, local] = match;
  const isPost = dashPost !== undefined || post !== undefined;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    pre: phase === undefined ? undefined : [PHASES[phase] ?? 'rc', Number(phaseNumber ?? 0)],
    post: isPost ? Number(dashPost ?? post) : undefined,
    dev: dev === undefined ? undefined : Number(devNumber ?? 0),
    local:
      local === undefined
        ? []
        : local.split(/[-_.]/).map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part)),
  };
}

/** Negative when `a` comes before `b`. Zeros at the end of a release do not matter. */
export function compareVersions(a: Version, b: Version): number {
  return comparePublic(a, b) || compareLocal(a.local, b.local);
}

/** The same without local labels. */
export function comparePublic(a: Version, b: Version): number {
  return (
    a.epoch - b.epoch ||
    compareReleases(a.release, b.release) ||
    comparePre(a, b) ||
    (a.post ?? -1) - (b.post ?? -1) ||
    (a.dev ?? Infinity) - (b.dev ?? Infinity) ||
    0
  );
}

export function compareReleases(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = (a[index] ?? 0) - (b[index] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

export function isPrerelease(version: Version): boolean {
  return version.pre !== undefined || version.dev !== undefined;
}

const PHASE_ORDER = { a: 1, b: 2, rc: 3 } as const;
const BEFORE_PRE = 0;
const AFTER_PRE = 4;

function comparePre(a: Version, b: Version): number {
  return phaseOrder(a) - phaseOrder(b) || (a.pre?.[1] ?? 0) - (b.pre?.[1] ?? 0);
}

/** `1.0.dev1` comes before `1.0a1`, which comes before `1.0`. */
function phaseOrder({ pre, post, dev }: Version): number {
  if (pre !== undefined) return PHASE_ORDER[pre[0]];
  return post === undefined && dev !== undefined ? BEFORE_PRE : AFTER_PRE;
}

/** Numbers come after text, a longer label after its beginning, and any label after none. */
function compareLocal(a: Version['local'], b: Version['local']): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    if (typeof left !== typeof right) return typeof left === 'number' ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return 0;
}
