// Every class of hostile archives, in the order of docs/hostile-archives.md.
import type { HostileClass } from './hostile-case.js';
import { devices, oddModes, oddTypes } from './kinds.js';
import { hardLinks, linkChains, linkTargets, writesThroughLinks } from './links.js';
import { absolutePaths, dotDotPaths, foreignSeparators } from './paths.js';
import { badPax, longNames, paxSizes, sparseFiles } from './records.js';

export const hostileClasses: readonly HostileClass[] = [
  absolutePaths,
  dotDotPaths,
  foreignSeparators,
  writesThroughLinks,
  linkTargets,
  linkChains,
  hardLinks,
  devices,
  oddTypes,
  oddModes,
  paxSizes,
  badPax,
  longNames,
  sparseFiles,
];
