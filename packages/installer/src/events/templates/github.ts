// GitHub: a deployment of the commit, then its status. Every host that has this webhook makes a deployment.
import { object, text } from '@salver/core';
import { describeEvent } from '../describe-event.js';
import { hasSucceeded } from '../host-event.js';
import type { HostEvent } from '../host-event.js';
import { COMMON_KEYS, PATTERN_TEXT, commonShapes, fillPattern, urlBelow } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface GithubSettings extends CommonSettings {
  /** Another one for GitHub Enterprise: https://github.example.net/api/v3. */
  readonly url?: URL;
  readonly token: string;
  /** `owner/name`. */
  readonly repository: string;
  /** What was deployed; default the commit, else for example `v{version}`. */
  readonly ref?: string;
}

const DESCRIPTION_CHARACTERS_MAX = 140;

/** Two requests; the id of the deployment is kept between them. */
export const GITHUB: EventTemplate = (value, place, shapes) => {
  const settings = object<GithubSettings>(
    {
      ...commonShapes(),
      url: shapes.url,
      token: shapes.secret,
      repository: text(/^[A-Za-z0-9-]{1,100}\/(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/),
      ref: text(PATTERN_TEXT),
    },
    [...COMMON_KEYS, 'url', 'ref'],
  )(value, place);
  const url = settings.url ?? new URL('https://api.github.com');
  const deployments = urlBelow(url, `repos/${settings.repository}/deployments`);
  const headers = {
    authorization: `Bearer ${settings.token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  };
  return {
    url,
    settings,
    steps: [
      {
        request: ({ event }) => {
          const ref = fillPattern(settings.ref ?? '{commit}', event);
          if (ref === undefined)
            return { problem: 'the release names no commit: set "ref", for example to "v{version}"' };
          return { url: deployments, headers, body: deploymentBody(event, ref) };
        },
        keep: deploymentId,
      },
      {
        request: ({ event, kept }) => ({
          url: urlBelow(deployments, `${kept ?? ''}/statuses`),
          headers,
          body: statusBody(event),
        }),
      },
    ],
  };
};

function deploymentBody(event: HostEvent, ref: string): object {
  const { id, occurrence, environment, host } = event;
  return {
    ref,
    environment,
    description: describeEvent(event).slice(0, DESCRIPTION_CHARACTERS_MAX),
    // The release is out already: nothing may hold it up, and nothing be merged for it.
    auto_merge: false,
    required_contexts: [],
    payload: { event: id, host, release: occurrence.release, previous: occurrence.previous },
  };
}

function deploymentId(answer: string): string | undefined {
  try {
    const { id } = JSON.parse(answer) as { readonly id?: unknown };
    return Number.isSafeInteger(id) ? String(id) : undefined;
  } catch {
    return undefined;
  }
}

function statusBody(event: HostEvent): object {
  return {
    state: hasSucceeded(event.occurrence) ? 'success' : 'failure',
    environment: event.environment,
    description: describeEvent(event).slice(0, DESCRIPTION_CHARACTERS_MAX),
  };
}
