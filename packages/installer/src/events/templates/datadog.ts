// Datadog: an event in the event stream.
import { listOf, object, text } from '@salver/core';
import { describeEvent, eventFacts } from '../describe-event.js';
import { appVersion, hasSucceeded } from '../host-event.js';
import type { HostEvent } from '../host-event.js';
import { COMMON_KEYS, commonShapes, urlBelow } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface DatadogSettings extends CommonSettings {
  /** The API of the account's site, e.g. https://api.datadoghq.eu. */
  readonly url?: URL;
  /** An API key; no application key is needed. */
  readonly token: string;
  /** Beside service, version, env and kind. */
  readonly tags?: readonly string[];
}

const TAGS_MAX = 20;
const TEXT_CHARACTERS_MAX = 4000;
const KEY_CHARACTERS_MAX = 100;
/** Datadog refuses events that are older than 18 hours: those are dated by their arrival. */
const AGE_MAX_MS = 17 * 3_600_000;

/** One request. */
export const DATADOG: EventTemplate = (value, place, shapes) => {
  const settings = object<DatadogSettings>(
    { ...commonShapes(), url: shapes.url, token: shapes.secret, tags: listOf(text(), TAGS_MAX) },
    [...COMMON_KEYS, 'url', 'tags'],
  )(value, place);
  const url = settings.url ?? new URL('https://api.datadoghq.com');
  const headers = { 'dd-api-key': settings.token };
  return {
    url,
    settings,
    steps: [
      {
        request: ({ event, now }) => ({
          url: urlBelow(url, 'api/v1/events'),
          headers,
          body: datadogEvent(event, settings, now),
        }),
      },
    ],
  };
};

function datadogEvent(event: HostEvent, { tags = [] }: DatadogSettings, now: number): object {
  const { occurrence, environment, host } = event;
  const happened = Date.parse(occurrence.at);
  return {
    title: describeEvent(event),
    text: [...eventFacts(event), `at ${occurrence.at}`].join('\n').slice(0, TEXT_CHARACTERS_MAX),
    alert_type: hasSucceeded(occurrence) ? 'success' : 'error',
    // Hosts that activate the same release belong together in the stream.
    aggregation_key: `${appVersion(occurrence)} ${environment}`.slice(0, KEY_CHARACTERS_MAX),
    host,
    tags: [
      `service:${occurrence.app}`,
      `version:${occurrence.version}`,
      `env:${environment}`,
      `kind:${occurrence.kind}`,
      ...tags,
    ],
    ...(now - happened > AGE_MAX_MS ? {} : { date_happened: Math.floor(happened / 1000) }),
  };
}
