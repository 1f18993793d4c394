// Finds out what a store really guarantees, by doing it: servers that speak the same language differ where it matters.
import { randomBytes } from 'node:crypto';
import { SalverError, isSalverError } from '@salver/core';
import type { ErrorCode, Store } from '@salver/core';
import { bytesContent } from './file-content.js';
import { readWhole } from './read-whole.js';

export interface ProbeOptions {
  readonly store: Store;
  /** Opens another client of the same store, for races. */
  readonly open: () => Promise<Store>;
  readonly signal?: AbortSignal | undefined;
}

export interface ProbeFinding {
  readonly probe: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly seen: string;
  /** What that means for the user; empty where all is well. */
  readonly follows: string;
}

const WRITERS = 16;
const RANGE_BYTES = 300_000;

interface Probe {
  readonly name: string;
  /** What it means when it fails. */
  readonly follows: string;
  readonly run: (context: ProbeContext) => Promise<string | undefined>;
}

interface ProbeContext extends ProbeOptions {
  /** Keys of this run begin with it. */
  readonly prefix: string;
}

/** In order; each returns what is wrong. */
const PROBES: readonly Probe[] = [
  { name: 'put and get', follows: 'nothing works: check rights and address', run: putAndGet },
  {
    name: 'create only once',
    follows: 'two pushes of one name may replace each other: push from one place only',
    run: createOnce,
  },
  {
    name: `${WRITERS} create at once`,
    follows: 'two pushes at the same moment may replace each other: push from one place only',
    run: createRace,
  },
  { name: 'ranges', follows: 'hosts fetch whole files instead of what changed', run: ranges },
  {
    name: 'ranges of a pinned object',
    follows: 'a file that is replaced is noticed only by its bytes',
    run: pinned,
  },
  { name: 'move a pointer', follows: '`promote` and the index do not work', run: move },
  {
    name: `${WRITERS} move a pointer at once`,
    follows:
      'two people who promote at the same moment may both believe they won: promote from one place only',
    run: moveRace,
  },
  { name: 'answer `unchanged`', follows: 'every poll of a host moves the channel again', run: unchanged },
  { name: 'list', follows: '`ls` uses the index, and `gc` does not work', run: list },
];

/** Writes and removes small objects below `salver-doctor/`. Throws only E_INTERRUPTED. */
export async function probeStore(options: ProbeOptions): Promise<readonly ProbeFinding[]> {
  const prefix = `salver-doctor/${randomBytes(6).toString('hex')}`;
  const findings: ProbeFinding[] = [];
  for (const { name, follows, run } of PROBES) {
    const problem = await run({ ...options, prefix: `${prefix}/${findings.length}` }).catch(asProblem);
    const ok = problem === undefined;
    findings.push({ probe: name, ok, seen: problem ?? 'as it should be', follows: ok ? '' : follows });
    // When the simplest thing fails the others say the same again.
    if (!ok && findings.length === 1) break;
  }
  await clear(options.store, prefix);
  return findings;
}

function asProblem(error: unknown): string {
  if (!isSalverError(error) || error.code === 'E_INTERRUPTED') throw error;
  return `${error.message} [${error.code}]`;
}

async function clear(store: Store, prefix: string): Promise<void> {
  const quiet: readonly ErrorCode[] = [
    'E_STORE_UNLISTABLE',
    'E_STORE_READ_ONLY',
    'E_STORE_DENIED',
    'E_STORE_UNREACHABLE',
  ];
  try {
    for await (const { key } of store.list(`${prefix}/`)) await store.remove(key);
  } catch (error) {
    if (!(error instanceof SalverError) || !quiet.includes(error.code)) throw error;
  }
}

const text = (words: string): ReturnType<typeof bytesContent> => bytesContent(Buffer.from(words));

async function readText(store: Store, key: string): Promise<string | undefined> {
  const found = await store.readSmall(key, { bytesMax: RANGE_BYTES });
  return typeof found === 'object' ? found.bytes.toString() : undefined;
}

async function putAndGet({ store, prefix }: ProbeContext): Promise<string | undefined> {
  await store.create(`${prefix}/a`, text('hello'));
  const got = await readText(store, `${prefix}/a`);
  return got === 'hello' ? undefined : `read back ${got === undefined ? 'nothing' : 'other bytes'}`;
}

async function createOnce({ store, prefix }: ProbeContext): Promise<string | undefined> {
  await store.create(`${prefix}/a`, text('first'));
  const again = await store.create(`${prefix}/a`, text('second'));
  if (again || (await readText(store, `${prefix}/a`)) !== 'first') return 'the second put replaced the first';
  return undefined;
}

/** Opens clients, races them, closes them. */
async function race(
  { open }: ProbeContext,
  run: (client: Store, index: number) => Promise<boolean>,
): Promise<readonly boolean[]> {
  const clients = await Promise.all(Array.from({ length: WRITERS }, open));
  try {
    return await Promise.all(clients.map(run));
  } finally {
    for (const client of clients) client.close();
  }
}

async function createRace(context: ProbeContext): Promise<string | undefined> {
  const key = `${context.prefix}/a`;
  const won = await race(context, (client, index) => client.create(key, text(`writer ${index}`)));
  return raceProblem(won, await readText(context.store, key), (index) => `writer ${index}`);
}

function raceProblem(
  won: readonly boolean[],
  there: string | undefined,
  textOf: (index: number) => string,
): string | undefined {
  const winners = won.filter(Boolean).length;
  if (winners !== 1) return `${winners} of ${WRITERS} were told that they won`;
  return there === textOf(won.indexOf(true)) ? undefined : 'what lies there is not what the winner wrote';
}

async function ranges({ store, prefix }: ProbeContext): Promise<string | undefined> {
  const bytes = randomBytes(RANGE_BYTES);
  await store.create(`${prefix}/a`, bytesContent(bytes));
  const range = await store.readRange(`${prefix}/a`, { offset: 1000, length: 5000 });
  if (range.length !== 5000 || range.offset !== 1000) return 'the whole file came instead of a range';
  return (await readWhole(range.body)).equals(bytes.subarray(1000, 6000)) ? undefined : 'another range came';
}

async function pinned({ store, prefix }: ProbeContext): Promise<string | undefined> {
  await store.create(`${prefix}/a`, text('0123456789'));
  const tag = (await store.stat(`${prefix}/a`))?.tag;
  if (tag === undefined) return 'objects have no strong tag';
  try {
    await readWhole((await store.readRange(`${prefix}/a`, { offset: 0, length: 4, tag: '"another"' })).body);
    return 'a range came although the tag was another';
  } catch (error) {
    if (isSalverError(error, 'E_OBJECT_CHANGED')) return undefined;
    throw error;
  }
}

async function move({ store, prefix }: ProbeContext): Promise<string | undefined> {
  const key = `${prefix}/p`;
  const put = (words: string, expectedTag: string | undefined): Promise<boolean> =>
    store.replace(key, Buffer.from(words), { expectedTag });
  if (!(await put('1', undefined))) return 'a new pointer could not be made';
  const tag = (await store.stat(key))?.tag;
  if (!(await put('2', tag))) return 'the pointer could not be moved';
  return (await put('3', tag)) ? 'it was moved from where it no longer was' : undefined;
}

async function moveRace(context: ProbeContext): Promise<string | undefined> {
  const key = `${context.prefix}/p`;
  await context.store.replace(key, Buffer.from('start'), { expectedTag: undefined });
  const expectedTag = (await context.store.stat(key))?.tag;
  const won = await race(context, (client, index) =>
    client.replace(key, Buffer.from(`by ${index}`), { expectedTag }),
  );
  return raceProblem(won, await readText(context.store, key), (index) => `by ${index}`);
}

async function unchanged({ store, prefix }: ProbeContext): Promise<string | undefined> {
  await store.create(`${prefix}/a`, text('hello'));
  const tag = (await store.stat(`${prefix}/a`))?.tag;
  if (tag === undefined) return 'objects have no strong tag';
  const again = await store.readSmall(`${prefix}/a`, { bytesMax: RANGE_BYTES, unlessTag: tag });
  return again === 'unchanged' ? undefined : 'the object came again';
}

async function list({ store, prefix }: ProbeContext): Promise<string | undefined> {
  await store.create(`${prefix}/a`, text('1'));
  await store.create(`${prefix}/b`, text('2'));
  let found = 0;
  for await (const facts of store.list(`${prefix}/`)) found += facts.sizeBytes;
  return found === 2 ? undefined : 'what was just put there is not in the list';
}
