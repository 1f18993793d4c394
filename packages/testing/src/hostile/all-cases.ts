// Every class of hostile archives, in the order of docs/hostile-archives.md.
import { behindTheEnd, truncations, zeroBlocks } from './archive-ends.js';
import { byteBombs, countBombs, jsonBombs, zeroBombs } from './bombs.js';
import { headContent, headFraming, memberFraming } from './envelopes.js';
import { checksums, magics, numbers } from './header-forms.js';
import type { HostileClass } from './hostile-case.js';
import { devices, oddModes, oddTypes } from './kinds.js';
import { hardLinks, linkChains, linkTargets, writesThroughLinks } from './links.js';
import { layouts, manifestTexts, manifestValues } from './manifests.js';
import { controlCharacters, undecodableNames, unicodeForms } from './names.js';
import { absolutePaths, dotDotPaths, foreignSeparators } from './paths.js';
import { badPax, longNames, paxSizes, sparseFiles } from './records.js';
import { sharedPaths } from './shared.js';
import { duplicates, outsideUnits, prefixConflicts, wrongCounts, wrongOrder } from './trees.js';

export const hostileClasses: readonly HostileClass[] = [
  absolutePaths,
  dotDotPaths,
  foreignSeparators,
  writesThroughLinks,
  linkTargets,
  linkChains,
  hardLinks,
  unicodeForms,
  controlCharacters,
  undecodableNames,
  devices,
  oddTypes,
  oddModes,
  paxSizes,
  badPax,
  longNames,
  sparseFiles,
  checksums,
  numbers,
  magics,
  duplicates,
  wrongOrder,
  prefixConflicts,
  outsideUnits,
  wrongCounts,
  zeroBlocks,
  behindTheEnd,
  truncations,
  headFraming,
  headContent,
  memberFraming,
  manifestTexts,
  manifestValues,
  layouts,
  sharedPaths,
  zeroBombs,
  byteBombs,
  countBombs,
  jsonBombs,
];
