// Reading `current` and `previous`.
import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, basename, resolve } from 'node:path';
import { SalverError, errnoOf } from '@salver/core';
import type { HostPaths } from './host-paths.js';

/** The release `current` points to, or undefined when there is none. Throws E_ROOT_UNUSABLE when it is no link of ours. */
export function currentRelease(paths: HostPaths): string | undefined {
  return linkedRelease(paths, paths.current);
}

/** The release `previous` points to, or undefined. Throws E_ROOT_UNUSABLE. */
export function previousRelease(paths: HostPaths): string | undefined {
  return linkedRelease(paths, paths.previous);
}

function linkedRelease(paths: HostPaths, link: string): string | undefined {
  let target: string;
  try {
    target = readlinkSync(link);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw notALink(link, error);
  }
  const place = resolve(paths.root, target);
  if (dirname(place) !== paths.releases) {
    throw new SalverError('E_ROOT_UNUSABLE', `${link} points outside ${paths.releases}`, {
      hint: 'remove the link if nothing uses it any more, then run the command again',
      facts: { path: link },
    });
  }
  return basename(place);
}

function notALink(link: string, cause: unknown): SalverError {
  const isDirectory = lstatSync(link, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return new SalverError(
    'E_ROOT_UNUSABLE',
    `${link} is ${isDirectory ? 'a directory' : 'not a link'}, not a link to a release`,
    {
      hint: 'move it away by hand (its content is not touched by Salver), then run the command again',
      cause,
      facts: { path: link },
    },
  );
}
