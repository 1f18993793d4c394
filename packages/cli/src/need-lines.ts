import { printable } from '@salver/core';
import type { Needs } from '@salver/core';

/** One line per need: what, and which file asks for it. */
export function needLines(needs: Needs): readonly string[] {
  const lines: string[] = [];
  const add = (what: string, by?: string): void => {
    lines.push(printable(by === undefined ? what : `${what} (${by})`));
  };
  if (needs.glibc !== undefined) add(`glibc ${needs.glibc.version}`, needs.glibc.by);
  if (needs.musl !== undefined) add('musl', needs.musl.by);
  if (needs.glibcxx !== undefined) add(`libstdc++ with GLIBCXX_${needs.glibcxx.version}`, needs.glibcxx.by);
  if (needs.cxxabi !== undefined) add(`libstdc++ with CXXABI_${needs.cxxabi.version}`, needs.cxxabi.by);
  for (const library of needs.libraries ?? []) add(library.name, library.by);
  if (needs.node?.range !== undefined) add(`Node ${needs.node.range}`);
  if (needs.node?.modules !== undefined) {
    add(`Node with NODE_MODULE_VERSION ${needs.node.modules.version}`, needs.node.modules.by);
  }
  if (needs.node?.napi === true) add('Node-API');
  if (needs.python !== undefined) {
    const { version, soabi, atLeast } = needs.python;
    add(
      `Python ${atLeast === undefined ? version : `${version} (${atLeast} or later)`} with the ABI ${soabi}`,
    );
  }
  return lines;
}
