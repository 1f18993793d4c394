const LINK_STEPS_MAX = 40;
const DEPTH_MAX = 64;

/** Where a link leads, step by step on paths as text: slow and plain. Returns why it is refused, or undefined. */
export function naiveLinkProblem(path: string, links: ReadonlyMap<string, string>): string | undefined {
  const pending = path.split('/').reverse();
  const place: string[] = [];
  let steps = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (place.pop() === undefined) return 'leaves the top';
      continue;
    }
    place.push(name);
    if (place.length > DEPTH_MAX) return 'too deep';
    const target = links.get(place.join('/'));
    if (target === undefined) continue;
    steps += 1;
    if (steps > LINK_STEPS_MAX) return 'never ends';
    place.pop();
    pending.push(...target.split('/').reverse());
  }
  return undefined;
}
