// A process of its own that looks at a root about a thousand times a second, as a service does that starts: `current`
// must always be there, lead to a release, and give files of that one release. Argument: the root.
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the process prints when it is told to stop. */
export interface Watched {
  readonly looks: number;
  /** Looks at another release than the look before. */
  readonly changes: number;
  /** Releases that had gone by the time they were opened, because `current` had moved on twice. */
  readonly overtaken: number;
  readonly faults: readonly string[];
  readonly wallMs: number;
}

export const WATCHER = fileURLToPath(import.meta.url);

const FAULTS_MAX = 10;
const PAUSE_MS = 1;

interface Look {
  readonly target: string | undefined;
  readonly fault?: string;
}

function look(root: string): Look {
  const target = readlinkSync(join(root, 'current'));
  const version = /^releases\/([\d.]+)-[0-9a-f]{12}$/.exec(target)?.[1];
  if (version === undefined) return { target, fault: `current is ${target}` };
  const server = readFileSync(join(root, target, 'server.js'), 'utf8');
  const page = readFileSync(join(root, target, 'public/page.html'), 'utf8');
  const isOne = server.startsWith(`console.log('${version}');\n`) && page === `<p>${version}</p>\n`;
  if (!isOne) return { target, fault: `${target} holds ${server.slice(0, 40)} and ${page}` };
  // By the name that services use, in one go.
  readFileSync(join(root, 'current/server.js'));
  return { target };
}

function watch(root: string): void {
  const began = performance.now();
  const faults: string[] = [];
  let [looks, changes, overtaken] = [0, 0, 0];
  let last: string | undefined;
  const lookAgain = (): void => {
    looks += 1;
    const { target, fault } = lookSafely(root);
    if (target === undefined && fault === undefined) overtaken += 1;
    if (target !== undefined && target !== last) changes += 1;
    last = target ?? last;
    if (fault !== undefined && faults.length < FAULTS_MAX) faults.push(fault);
    next = setTimeout(lookAgain, PAUSE_MS);
  };
  let next = setTimeout(lookAgain, 0);
  process.on('SIGTERM', () => {
    clearTimeout(next);
    const wallMs = Math.round(performance.now() - began);
    process.stdout.write(JSON.stringify({ looks, changes, overtaken, faults, wallMs } satisfies Watched));
  });
  process.stdout.write('watching\n');
}

function lookSafely(root: string): Look {
  const before = linkOf(root);
  try {
    return look(root);
  } catch (error) {
    const now = linkOf(root);
    const hasMovedOn = before !== undefined && now !== undefined && now !== before;
    return hasMovedOn ? { target: undefined } : { target: undefined, fault: String(error) };
  }
}

function linkOf(root: string): string | undefined {
  try {
    return readlinkSync(join(root, 'current'));
  } catch {
    return undefined;
  }
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) watch(process.argv[2]);
