// Where the links of one archive lead (docs/format.md section 3). Each target is walked once and never turned into
// text again: a hostile archive may hold a million links, each through forty others, and must not cost more than
// reading it did.
import { LINK_STEPS_MAX, PATH_DEPTH_MAX } from './limits.js';

/** A name on the way to a link or shared path. */
interface Place {
  readonly below: Map<string, Place>;
  target?: string;
  isShared?: boolean;
}

type Resolved =
  | { readonly problem: string }
  /** Places from the top down; undefined where no link or shared path lies below. */
  | { readonly trail: readonly (Place | undefined)[]; readonly steps: number };

const NEVER_ENDS: Resolved = { problem: 'it never ends' };
const LEAVES_TOP: Resolved = { problem: 'it leaves the top of the release' };
const LEAVES_SHARED: Resolved = { problem: 'it goes up from a shared path, whose content lies elsewhere' };
const TOO_DEEP: Resolved = { problem: `it leads through more than ${PATH_DEPTH_MAX} directories` };

/** Follows links step by step, through all links of the archive, as a kernel would. Missing targets are fine. */
export class LinkResolver {
  readonly #top: Place = { below: new Map() };
  readonly #resolved = new Map<Place, Resolved>();

  /** `shared` are the paths where a host puts links of its own. */
  constructor(links: ReadonlyMap<string, string>, shared: readonly string[] = []) {
    for (const [path, target] of links) this.#placeOf(path).target = target;
    for (const path of shared) this.#placeOf(path).isShared = true;
  }

  /** Why the link at `path` is refused, or undefined: it stays inside. */
  problemOf(path: string): string | undefined {
    const trail = this.#trailTo(path);
    const resolved = this.#resolve(trail, 1);
    return 'problem' in resolved ? resolved.problem : undefined;
  }

  #placeOf(path: string): Place {
    let place = this.#top;
    for (const name of path.split('/')) {
      let next = place.below.get(name);
      if (next === undefined) {
        next = { below: new Map() };
        place.below.set(name, next);
      }
      place = next;
    }
    return place;
  }

  #trailTo(path: string): (Place | undefined)[] {
    const trail: (Place | undefined)[] = [];
    for (const name of path.split('/')) trail.push(this.#next(trail, name));
    return trail;
  }

  #next(trail: readonly (Place | undefined)[], name: string): Place | undefined {
    return (trail.length === 0 ? this.#top : trail[trail.length - 1])?.below.get(name);
  }

  /** Resolves the link at the end of `trail`, the `nth` that is open at once. */
  #resolve(trail: readonly (Place | undefined)[], nth: number): Resolved {
    const link = trail[trail.length - 1];
    if (link?.target === undefined) return { trail, steps: 0 };
    const known = this.#resolved.get(link);
    if (known !== undefined) return known;
    if (nth > LINK_STEPS_MAX) return NEVER_ENDS;
    // A link that comes back to itself meets this.
    this.#resolved.set(link, NEVER_ENDS);
    const resolved = this.#follow(link.target, trail.slice(0, -1), nth);
    this.#resolved.set(link, resolved);
    return resolved;
  }

  #follow(target: string, from: (Place | undefined)[], nth: number): Resolved {
    let trail = from;
    let steps = 1;
    for (const name of target.split('/')) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (trail.length === 0) return LEAVES_TOP;
        if (trail.pop()?.isShared === true) return LEAVES_SHARED;
        continue;
      }
      trail.push(this.#next(trail, name));
      if (trail.length > PATH_DEPTH_MAX) return TOO_DEEP;
      if (trail[trail.length - 1]?.target === undefined) continue;
      const inner = this.#resolve(trail, nth + 1);
      if ('problem' in inner) return inner;
      steps += inner.steps;
      if (steps > LINK_STEPS_MAX) return NEVER_ENDS;
      trail = [...inner.trail];
    }
    return { trail, steps };
  }
}
