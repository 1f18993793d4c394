// What a template is: a way to tell one service of an event, in one or more requests. Each lies in a file of its
// own beside this one; they look alike on purpose.
import { flag, listOf, oneOf } from '@salver/core';
import type { Shape } from '@salver/core';
import type { HostEvent } from '../host-event.js';
import type { OccurrenceKind } from '../occurrence.js';
import { OCCURRENCE_KINDS } from '../occurrence.js';
import type { SettingShapes } from '../setting-shapes.js';

/** The keys that every webhook has in webhooks.json. */
export interface CommonSettings {
  readonly template?: string;
  readonly on?: readonly OccurrenceKind[];
  readonly allowHttp?: boolean;
}

/** Names of the common keys, all optional. */
export const COMMON_KEYS = ['template', 'on', 'allowHttp'] as const;

/** Shapes of the common keys, for the kinds of occurrences that a template has words for. */
export function commonShapes(kinds: readonly OccurrenceKind[] = OCCURRENCE_KINDS): {
  readonly [Key in keyof CommonSettings]-?: Shape<NonNullable<CommonSettings[Key]>>;
} {
  return {
    template: oneOf(...TEMPLATE_NAMES),
    on: listOf(oneOf(...kinds), OCCURRENCE_KINDS.length),
    allowHttp: flag,
  };
}

/** Values of `template` in webhooks.json. */
export const TEMPLATE_NAMES = ['cloudevents', 'slack', 'sentry', 'grafana', 'datadog', 'github'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** A request as a template words it. */
export interface DeliveryRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: object;
  /** Headers that depend on the body's text: signatures. `timestamp` is in seconds. */
  readonly sign?: (body: string, timestamp: number) => Readonly<Record<string, string>>;
}

/** An event that cannot be told to this service at all. */
export interface Untellable {
  readonly problem: string;
}

export interface StepInput {
  readonly event: HostEvent;
  /** What the step before kept of its answer, or null. */
  readonly kept: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One request of a template. Steps are done in order; one that is done is not repeated. */
export interface DeliveryStep {
  readonly request: (input: StepInput) => DeliveryRequest | Untellable;
  /** What the next step needs of the answer's body; undefined when it is not there. */
  readonly keep?: (answer: string) => string | undefined;
}

/** A template with the settings of one webhook in it. */
export interface BoundTemplate {
  readonly url: URL;
  readonly settings: CommonSettings;
  readonly steps: readonly DeliveryStep[];
}

/** Checks the settings of one webhook and gives its steps. Throws ShapeError. */
export type EventTemplate = (value: unknown, place: string, shapes: SettingShapes) => BoundTemplate;

/** `path` below a base URL that may have a path of its own. */
export function urlBelow(base: URL, path: string): URL {
  return new URL(path, base.href.replace(/\/*$/, '/'));
}

/** Replaces `{app}`, `{version}`, `{release}` and `{commit}`; undefined when the event has no such fact. */
export function fillPattern(pattern: string, { occurrence }: HostEvent): string | undefined {
  const { app, version, release, commit } = occurrence;
  const facts: Readonly<Record<string, string | undefined>> = { app, version, release, commit };
  let isMissing = false;
  const filled = pattern.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const fact = facts[name];
    if (fact === undefined) isMissing = true;
    return fact ?? '';
  });
  return isMissing ? undefined : filled;
}

/** A pattern for {@link fillPattern}: only placeholders that it knows. */
export const PATTERN_TEXT = /^(?:[^{}\s]|\{(?:app|version|release|commit)\})+$/;
