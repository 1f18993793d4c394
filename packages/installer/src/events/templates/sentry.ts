// Sentry: the release, then a deploy of it to the environment.
import { listOf, object, text } from '@salver/core';
import { beganAt } from '../host-event.js';
import type { HostEvent } from '../host-event.js';
import type { OccurrenceKind } from '../occurrence.js';
import { COMMON_KEYS, PATTERN_TEXT, commonShapes, fillPattern, urlBelow } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface SentrySettings extends CommonSettings {
  readonly url?: URL;
  readonly token: string;
  readonly organization: string;
  readonly projects: readonly string[];
  /** Name of the repository as Sentry knows it; tells it the commit. */
  readonly repository?: string;
  /** Must be what the app gives its SDK as `release`. */
  readonly release?: string;
}

/** Sentry has no word for a deploy that failed. */
export const SENTRY_KINDS: readonly OccurrenceKind[] = ['activated', 'rolled-back'];
const SLUG = /^[a-z0-9][a-z0-9_-]{0,99}$/;
const PROJECTS_MAX = 20;

/** Two requests. A release that Sentry has already is answered with 208, which is fine. */
export const SENTRY: EventTemplate = (value, place, shapes) => {
  const settings = object<SentrySettings>(
    {
      ...commonShapes(SENTRY_KINDS),
      url: shapes.url,
      token: shapes.secret,
      organization: text(SLUG),
      projects: listOf(text(SLUG), PROJECTS_MAX),
      repository: text(),
      release: text(PATTERN_TEXT),
    },
    [...COMMON_KEYS, 'url', 'repository', 'release'],
  )(value, place);
  const url = settings.url ?? new URL('https://sentry.io');
  const headers = { authorization: `Bearer ${settings.token}` };
  const releases = `api/0/organizations/${settings.organization}/releases/`;
  return {
    url,
    settings,
    steps: [
      {
        request: ({ event }) => {
          const version = versionOf(event, settings);
          if (version === undefined) return { problem: NO_COMMIT };
          return { url: urlBelow(url, releases), headers, body: releaseBody(event, settings, version) };
        },
      },
      {
        request: ({ event }) => {
          const version = versionOf(event, settings);
          if (version === undefined) return { problem: NO_COMMIT };
          const path = `${releases}${encodeURIComponent(version)}/deploys/`;
          return { url: urlBelow(url, path), headers, body: deployBody(event, settings) };
        },
      },
    ],
  };
};

const NO_COMMIT = 'the release names no commit, which "release" asks for';

function versionOf(event: HostEvent, { release = '{app}@{version}' }: SentrySettings): string | undefined {
  return fillPattern(release, event);
}

function releaseBody(event: HostEvent, settings: SentrySettings, version: string): object {
  const { commit, at } = event.occurrence;
  const { projects, repository } = settings;
  return {
    version,
    projects,
    dateReleased: at,
    ...(repository === undefined || commit === undefined ? {} : { refs: [{ repository, commit }] }),
  };
}

function deployBody(event: HostEvent, { projects }: SentrySettings): object {
  const { occurrence, environment, host } = event;
  return {
    environment,
    name: host,
    dateStarted: beganAt(occurrence),
    dateFinished: occurrence.at,
    projects,
  };
}
