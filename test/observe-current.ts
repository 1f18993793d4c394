// A process of its own that looks at a root as a service does, over and over: `current` must always lead to a
// complete release, and two files read through one resolution must be of one release. Started by kill-rounds.ts.
// Arguments: the root, then each allowed release as `NAME=sha256 of its first file=sha256 of its second`.
import { hash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The files looked at, one of the app and the last of a package. */
export const OBSERVED_FILES = ['server.js', 'node_modules/moving/package.json'] as const;

/** What the process prints when it is told to stop. */
export interface Observation {
  readonly looks: number;
  readonly faults: readonly string[];
}

const FAULTS_MAX = 10;
const PAUSE_MS = 1;

function lookOnce(root: string, allowed: ReadonlySet<string>): string | undefined {
  try {
    const target = readlinkSync(join(root, 'current'));
    const digests = OBSERVED_FILES.map((file) =>
      hash('sha256', readFileSync(join(root, target, file)), 'hex'),
    );
    const seen = [target.replace('releases/', ''), ...digests].join('=');
    return allowed.has(seen) ? undefined : `current is ${seen}`;
  } catch (error) {
    return String(error);
  }
}

function observe(): void {
  const [root = '', ...allowedRows] = process.argv.slice(2);
  const allowed = new Set(allowedRows);
  const faults: string[] = [];
  let looks = 0;
  const look = (): void => {
    looks += 1;
    const fault = lookOnce(root, allowed);
    if (fault !== undefined && faults.length < FAULTS_MAX) faults.push(fault);
    // Not without a pause: what is watched needs the processor too.
    next = setTimeout(look, PAUSE_MS);
  };
  let next = setTimeout(look, 0);
  process.on('SIGTERM', () => {
    clearTimeout(next);
    process.stdout.write(JSON.stringify({ looks, faults } satisfies Observation));
  });
  process.stdout.write('watching\n');
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) observe();
