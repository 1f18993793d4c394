// Grafana: an annotation, for one dashboard or for every dashboard that asks for the tags.
import { integer, listOf, object, text } from '@salver/core';
import { describeEvent, eventFacts } from '../describe-event.js';
import { beganAt } from '../host-event.js';
import type { HostEvent } from '../host-event.js';
import { COMMON_KEYS, commonShapes, urlBelow } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface GrafanaSettings extends CommonSettings {
  readonly url: URL;
  readonly token: string;
  /** Beside `deploy`, app, environment and kind. */
  readonly tags?: readonly string[];
  readonly dashboard?: string;
  readonly panel?: number;
}

const TAGS_MAX = 20;

/** One request. */
export const GRAFANA: EventTemplate = (value, place, shapes) => {
  const settings = object<GrafanaSettings>(
    {
      ...commonShapes(),
      url: shapes.url,
      token: shapes.secret,
      tags: listOf(text(), TAGS_MAX),
      dashboard: text(/^[A-Za-z0-9_-]{1,64}$/),
      panel: integer(0, 1_000_000),
    },
    [...COMMON_KEYS, 'tags', 'dashboard', 'panel'],
  )(value, place);
  const { url, token } = settings;
  const headers = { authorization: `Bearer ${token}` };
  return {
    url,
    settings,
    steps: [
      {
        request: ({ event }) => ({
          url: urlBelow(url, 'api/annotations'),
          headers,
          body: annotation(event, settings),
        }),
      },
    ],
  };
};

function annotation(event: HostEvent, { tags = [], dashboard, panel }: GrafanaSettings): object {
  const { occurrence, environment } = event;
  return {
    time: Date.parse(beganAt(occurrence)),
    timeEnd: Date.parse(occurrence.at),
    tags: ['deploy', occurrence.app, environment, occurrence.kind, ...tags],
    text: [describeEvent(event), ...eventFacts(event)].join('\n'),
    ...(dashboard === undefined ? {} : { dashboardUID: dashboard }),
    ...(panel === undefined ? {} : { panelId: panel }),
  };
}
