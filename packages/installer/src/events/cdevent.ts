// The event as a CDEvent 0.4.1 inside a CloudEvent 1.0 (structured mode: all of it in the body).
// https://cdevents.dev says which types exist; there is none for an activation that failed, so that one is of
// the form the specification has for types of one's own.
import { hasSucceeded } from './host-event.js';
import type { HostEvent } from './host-event.js';
import type { ReleaseOccurrence } from './occurrence.js';

const CDEVENTS_VERSION = '0.4.1';

/** Content type of the body: the structured mode of CloudEvents over HTTP. */
export const CLOUDEVENT_CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** The JSON body of one event. */
export function cloudEvent(event: HostEvent): object {
  const { id, occurrence } = event;
  const source = sourceOf(event);
  const type = typeOf(occurrence);
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject: occurrence.app,
    time: occurrence.at,
    datacontenttype: 'application/json',
    data: {
      context: { version: CDEVENTS_VERSION, id, source, type, timestamp: occurrence.at },
      subject: {
        id: occurrence.app,
        source,
        type: isCustom(occurrence) ? 'salver-service' : 'service',
        content: { environment: { id: event.environment }, artifactId: artifactIdOf(occurrence) },
      },
      customData: customData(event),
      customDataContentType: 'application/json',
    },
  };
}

/** A URI reference that names host and app. */
function sourceOf({ host, occurrence }: HostEvent): string {
  return `/salver/${encodeURIComponent(host)}/${encodeURIComponent(occurrence.app)}`;
}

function typeOf(occurrence: ReleaseOccurrence): string {
  if (isCustom(occurrence)) return 'dev.cdeventsx.salver-service.activationfailed.0.1.0';
  if (occurrence.kind !== 'activated') return 'dev.cdevents.service.rolledback.0.2.0';
  return `dev.cdevents.service.${occurrence.previous === null ? 'deployed' : 'upgraded'}.0.2.0`;
}

function isCustom({ kind }: ReleaseOccurrence): boolean {
  return kind === 'activation-failed';
}

/** The package URL of the release that the service has now, or for a failed activation should have had. */
function artifactIdOf(occurrence: ReleaseOccurrence): string {
  const { kind, app, version, id, release, previous } = occurrence;
  if (kind === 'reverted' && previous !== null)
    return packageUrl(app, previous.replace(/-[0-9a-f]+$/, ''), previous);
  return `${packageUrl(app, version, release)}&release_id=${id}`;
}

function packageUrl(app: string, version: string, release: string): string {
  return `pkg:generic/${encodeURIComponent(app)}@${encodeURIComponent(version)}?release=${encodeURIComponent(release)}`;
}

function customData(event: HostEvent): object {
  const { kind, release, id, version, previous, commit, by, durationMs, txid, reason } = event.occurrence;
  return {
    host: event.host,
    kind,
    succeeded: hasSucceeded(event.occurrence),
    release,
    releaseId: id,
    version,
    previous,
    ...(commit === undefined ? {} : { commit }),
    by,
    durationMs,
    txid,
    ...(reason === undefined ? {} : { reason }),
    ...(event.isTest ? { test: true } : {}),
  };
}
