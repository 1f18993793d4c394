// Any receiver of CloudEvents: the whole event, signed when there is a secret.
import { ShapeError, mapOf, object } from '@salver/core';
import type { Shape } from '@salver/core';
import { CLOUDEVENT_CONTENT_TYPE, cloudEvent } from '../cdevent.js';
import { webhookHeaders } from '../sign-webhook.js';
import { COMMON_KEYS, commonShapes } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface CloudEventsSettings extends CommonSettings {
  readonly url: URL;
  /** Signs every request. */
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEADERS_MAX = 20;
const SECRET_CHARACTERS_MIN = 16;
/** Headers that are not the configuration's to set. */
const OWN_HEADER = /^(webhook-.*|content-.*|host|connection|transfer-encoding|user-agent)$/i;

/** One request: the event in structured mode. */
export const CLOUDEVENTS: EventTemplate = (value, place, shapes) => {
  const settings = object<CloudEventsSettings>(
    {
      ...commonShapes(),
      url: shapes.url,
      secret: signingSecret(shapes.secret),
      headers: headersShape(shapes.secret),
    },
    [...COMMON_KEYS, 'secret', 'headers'],
  )(value, place);
  const { url, secret, headers } = settings;
  return {
    url,
    settings,
    steps: [
      {
        request: ({ event }) => ({
          url,
          headers: { ...headers, 'content-type': CLOUDEVENT_CONTENT_TYPE },
          body: cloudEvent(event),
          sign: (body, timestamp) => webhookHeaders({ id: event.id, timestamp, body }, secret),
        }),
      },
    ],
  };
};

function signingSecret(secret: Shape<string>): Shape<string> {
  return (value, place) => {
    const found = secret(value, place);
    if (found.length >= SECRET_CHARACTERS_MIN && /^(?!whsec_)|^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(found))
      return found;
    throw new ShapeError(
      place,
      `must be whsec_ and base64, or any ${SECRET_CHARACTERS_MIN} characters or more`,
    );
  };
}

function headersShape(secret: Shape<string>): Shape<Readonly<Record<string, string>>> {
  const headers = mapOf(/^[A-Za-z0-9-]{1,100}$/, secret, HEADERS_MAX);
  return (value, place) => {
    const checked = headers(value, place);
    const own = Object.keys(checked).find((name) => OWN_HEADER.test(name));
    if (own !== undefined) throw new ShapeError(`${place}.${own}`, 'is a header that cannot be set');
    return { ...checked };
  };
}
