// What goes wrong between a host and a store, as a table: each fault, which requests it meets, and how that may end.
import { copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise } from '@salver/testing';
import type { HttpDouble, HttpFault, HttpRequestSeen } from '@salver/testing';

const KIB = 1024;
/** Where the artifact lies. */
export const KEY = 'shop/app.tar.gz';
/** About the size of the artifact. */
const NOISE_BYTES = 1_500_000;

/** Which requests for the artifact a fault meets, counted from 0. */
type When = 'first' | 'third' | 'every other' | 'always';

const MET: Readonly<Record<When, (number: number) => boolean>> = {
  first: (number) => number === 0,
  third: (number) => number === 2,
  'every other': (number) => number % 2 === 1,
  always: () => true,
};

export interface Scenario {
  readonly name: string;
  readonly kind: string;
  readonly fault: (request: HttpRequestSeen, number: number, stage: Stage) => HttpFault;
  /** Whether it can end well, must fail, or depends on where it hits. */
  readonly ends: 'installed' | 'refused' | 'either';
}

export interface Stage {
  readonly directory: string;
  readonly other: HttpDouble;
  readonly own: HttpDouble;
}

function met(when: When, fault: HttpFault): Scenario['fault'] {
  return (_request, number) => (MET[when](number) ? fault : undefined);
}

/** All of them. */
export function scenarios(): readonly Scenario[] {
  const list: Scenario[] = [];
  const add = (kind: string, name: string, ends: Scenario['ends'], fault: Scenario['fault']): void => {
    list.push({ kind, name: `${kind} ${name}`, ends, fault });
  };
  for (let piece = 1; piece <= 12; piece += 1) {
    const afterBytes = piece * 64 * KIB;
    add(
      'cut',
      `every answer after ${piece} x 64 KiB`,
      'installed',
      met('always', { kind: 'cut', afterBytes }),
    );
  }
  for (const afterBytes of [1, 25, 4_000, 130_000, 200_001]) {
    add('cut', `the third after ${afterBytes}`, 'installed', met('third', { kind: 'cut', afterBytes }));
    add(
      'cut',
      `every other after ${afterBytes}`,
      'installed',
      met('every other', { kind: 'cut', afterBytes }),
    );
    add('stall', `the third after ${afterBytes}`, 'installed', met('third', { kind: 'stall', afterBytes }));
  }
  add('cut', 'every answer before its first byte', 'refused', met('always', { kind: 'cut', afterBytes: 0 }));
  add('stall', 'every answer at once', 'refused', met('always', { kind: 'stall', afterBytes: 0 }));
  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    for (const when of ['first', 'third', 'every other'] as const) {
      add('status', `${status} ${when}`, 'installed', met(when, { kind: 'status', status, retryAfter: '1' }));
    }
    add('status', `${status} always`, 'refused', met('always', { kind: 'status', status }));
  }
  for (const status of [401, 403, 404, 418]) {
    add('status', `${status} third`, 'either', met('third', { kind: 'status', status }));
    add('status', `${status} always`, 'refused', met('always', { kind: 'status', status }));
  }
  for (const kind of ['reset', 'silence'] as const) {
    for (const when of ['first', 'third', 'every other'] as const)
      add(kind, when, 'installed', met(when, { kind }));
    add(kind, 'always', 'refused', met('always', { kind }));
  }
  for (const kind of ['whole', 'unsatisfiable'] as const) {
    for (const when of ['first', 'third', 'every other', 'always'] as const) {
      add('no ranges', `${kind} ${when}`, 'installed', met(when, { kind }));
    }
  }
  for (const shift of [-64 * KIB, -1, 1, 512, 64 * KIB]) {
    for (const says of ['truth', 'asked'] as const) {
      const fault = { kind: 'other range', shift, says } as const;
      add('wrong range', `${shift} ${says} third`, 'installed', met('third', fault));
      add('wrong range', `${shift} ${says} always`, 'refused', met('always', fault));
    }
  }
  for (const every of [1, 1_000, 100_000]) {
    add('garbage', `each ${every} third`, 'installed', met('third', { kind: 'garbage', every }));
    add('garbage', `each ${every} always`, 'refused', met('always', { kind: 'garbage', every }));
  }
  const bodies: readonly (readonly [string, Buffer])[] = [
    ['a page for people', Buffer.from('<html>please log in</html>'.repeat(3_000))],
    ['nothing', Buffer.alloc(0)],
    ['noise', noise(NOISE_BYTES, 99)],
  ];
  for (const [what, bytes] of bodies) {
    add('another body', `${what} third`, 'either', met('third', { kind: 'body', bytes }));
    add('another body', `${what} always`, 'refused', met('always', { kind: 'body', bytes }));
  }
  for (const kind of ['other tag', 'weak tag', 'no tag'] as const) {
    add('tags', `${kind} third`, 'installed', met('third', { kind }));
    add('tags', `${kind} always`, kind === 'other tag' ? 'either' : 'installed', met('always', { kind }));
  }
  add('endless', 'third', 'either', met('third', { kind: 'endless' }));
  add('endless', 'always', 'refused', met('always', { kind: 'endless' }));
  addReplacements(add);
  addRedirects(add);
  return list;
}

type Add = (kind: string, name: string, ends: Scenario['ends'], fault: Scenario['fault']) => void;

/** The file changes while it is fetched. */
function addReplacements(add: Add): void {
  for (const at of [1, 2, 3]) {
    add('replaced', `by the same bytes at ${at}`, 'installed', (_request, number, { directory }) => {
      if (number === at) utimesSync(join(directory, KEY), 1_000_000 + at, 1_000_000 + at);
      return undefined;
    });
    add('replaced', `by another release at ${at}`, 'either', (_request, number, { directory }) => {
      if (number === at) copyFileSync(join(directory, 'v1.tar.gz'), join(directory, KEY));
      return undefined;
    });
    add('replaced', `by noise at ${at}`, 'either', (_request, number, { directory }) => {
      if (number === at) writeFileSync(join(directory, KEY), noise(1_000_000, at));
      return undefined;
    });
  }
}

function addRedirects(add: Add): void {
  for (const status of [301, 302, 307, 308]) {
    add('redirect', `to another server, ${status}`, 'installed', ({ path }, _number, { other }) => ({
      kind: 'redirect',
      status,
      to: `${other.url}${path}`,
    }));
  }
  const never = (name: string, to: string): void =>
    add('redirect', name, 'refused', () => ({ kind: 'redirect', to }));
  never('to where clouds keep secrets', 'http://169.254.169.254/latest/meta-data');
  never('to a file', 'file:///etc/passwd');
  never('in a circle', `/${'again'}`);
  add('redirect', 'once, to itself', 'installed', ({ path }, number, { own }) =>
    number === 1 ? { kind: 'redirect', to: `${own.url}${path}` } : undefined,
  );
}
