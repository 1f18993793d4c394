// A Slack channel, by way of an incoming webhook. The URL is the secret.
import { object } from '@salver/core';
import { describeEvent, eventFacts } from '../describe-event.js';
import { hasSucceeded } from '../host-event.js';
import type { HostEvent } from '../host-event.js';
import { COMMON_KEYS, commonShapes } from './event-template.js';
import type { CommonSettings, EventTemplate } from './event-template.js';

interface SlackSettings extends CommonSettings {
  readonly url: URL;
}

/** One request: a message of two blocks. */
export const SLACK: EventTemplate = (value, place, shapes) => {
  const settings = object<SlackSettings>({ ...commonShapes(), url: shapes.url }, COMMON_KEYS)(value, place);
  const { url } = settings;
  return { url, settings, steps: [{ request: ({ event }) => ({ url, headers: {}, body: message(event) }) }] };
};

/** Slack refuses a block with more. */
const BLOCK_CHARACTERS_MAX = 3000;

function message(event: HostEvent): object {
  const mark = hasSucceeded(event.occurrence) ? ':white_check_mark:' : ':x:';
  const line = `${mark} ${escapeText(describeEvent(event))}`;
  const facts = escapeText(eventFacts(event).join(' · ')).slice(0, BLOCK_CHARACTERS_MAX);
  return {
    // Shown where blocks are not, as in notifications.
    text: line,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: line } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: facts }] },
    ],
  };
}

/** The three characters with a meaning in Slack's text; others could call people by `<!channel>`. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
