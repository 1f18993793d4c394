// All templates by name.
import { CLOUDEVENTS } from './cloudevents.js';
import { DATADOG } from './datadog.js';
import type { EventTemplate, TemplateName } from './event-template.js';
import { GITHUB } from './github.js';
import { GRAFANA } from './grafana.js';
import { SENTRY, SENTRY_KINDS } from './sentry.js';
import { SLACK } from './slack.js';
import { OCCURRENCE_KINDS } from '../occurrence.js';
import type { OccurrenceKind } from '../occurrence.js';

/** A template, and the kinds of occurrences it is told of unless `on` says otherwise. */
export interface NamedTemplate {
  readonly template: EventTemplate;
  readonly kinds: readonly OccurrenceKind[];
}

const TEMPLATES: Readonly<Record<TemplateName, NamedTemplate>> = {
  cloudevents: { template: CLOUDEVENTS, kinds: OCCURRENCE_KINDS },
  slack: { template: SLACK, kinds: OCCURRENCE_KINDS },
  sentry: { template: SENTRY, kinds: SENTRY_KINDS },
  grafana: { template: GRAFANA, kinds: OCCURRENCE_KINDS },
  datadog: { template: DATADOG, kinds: OCCURRENCE_KINDS },
  github: { template: GITHUB, kinds: OCCURRENCE_KINDS },
};

export function findTemplate(name: TemplateName): NamedTemplate {
  return TEMPLATES[name];
}
