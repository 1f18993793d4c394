// A copy of a prepared root in milliseconds. Files of releases are hard-linked, so that they keep inode and time, by
// which an update recognises what it may link; a run that wrote into one would spoil the original, which is judged.
import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';

export function cloneRoot(from: string, to: string): void {
  copyInto(from, to, (path) => path === `${from}/releases`, false);
}

function copyInto(from: string, to: string, linksBelow: (path: string) => boolean, links: boolean): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    const stat = lstatSync(source);
    if (stat.isDirectory()) copyInto(source, target, linksBelow, links || linksBelow(source));
    else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (links) linkSync(source, target);
    else copyFileSync(source, target);
  }
}
