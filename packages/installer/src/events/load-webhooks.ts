// ROOT/config/webhooks.json: whom this host tells of its releases. Strict: a key that is not known is an error,
// so that a slip of the pen does not silence a channel.
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  SalverError,
  ShapeError,
  errnoOf,
  fileSystemError,
  mapOf,
  nearestWord,
  object,
  oneOf,
  printable,
  text,
} from '@salver/core';
import type { Shape } from '@salver/core';
import { readEnvFile } from '../env-file.js';
import type { HostPaths } from '../host-paths.js';
import type { OccurrenceKind } from './occurrence.js';
import { SettingShapes, checkTransport } from './setting-shapes.js';
import type { VariableLookup } from './setting-shapes.js';
import { TEMPLATE_NAMES } from './templates/event-template.js';
import type { DeliveryStep } from './templates/event-template.js';
import { findTemplate } from './templates/find-template.js';

/** One configured receiver. Holds secrets: never to be printed or written as a whole. */
export interface Webhook {
  readonly name: string;
  readonly template: string;
  /** Scheme, host and port: what may be shown of its URL. */
  readonly origin: string;
  readonly kinds: readonly OccurrenceKind[];
  readonly steps: readonly DeliveryStep[];
  readonly hideSecrets: (text: string) => string;
}

export interface WebhooksConfig {
  readonly host: string;
  readonly environment: string;
  readonly webhooks: readonly Webhook[];
  readonly warnings: readonly string[];
}

const FILE = 'config/webhooks.json';
const FILE_BYTES_MAX = 256 * 1024;
const WEBHOOKS_MAX = 20;
const ENVIRONMENT_DEFAULT = 'production';
const READABLE_BY_OTHERS = 0o044;
/** For the hint at a key that is not known. */
const KNOWN_KEYS = [
  ...['environment', 'host', 'webhooks', 'template', 'on', 'allowHttp', 'url', 'secret', 'headers', 'token'],
  ...['organization', 'projects', 'repository', 'release', 'tags', 'dashboard', 'panel', 'ref'],
];

/** Throws E_CONFIG_INVALID (with the key), E_FILE_SYSTEM. Undefined when there is no such file. */
export function loadWebhooks(paths: HostPaths): WebhooksConfig | undefined {
  const found = readWebhooksFile(paths.webhooksFile);
  if (found === undefined) return undefined;
  const document = parseDocument(found.text);
  let variables: ReadonlyMap<string, string> | undefined;
  // Read only when something refers to it.
  const lookup = (name: string): string | undefined => (variables ??= readEnvFile(paths.envFile)).get(name);
  try {
    return { ...configShape(lookup)(document, ''), warnings: found.warnings };
  } catch (error) {
    throw error instanceof ShapeError ? invalidKey(error) : error;
  }
}

function readWebhooksFile(
  path: string,
): { readonly text: string; readonly warnings: readonly string[] } | undefined {
  try {
    const { mode } = statSync(path);
    const content = readFileSync(path, 'utf8');
    if (content.length > FILE_BYTES_MAX) throw invalid('is larger than 256 KiB', '');
    const isOpen = (mode & READABLE_BY_OTHERS) !== 0;
    return {
      text: content,
      warnings: isOpen ? [`${FILE} can be read by other users: chmod 600 ${printable(path)}`] : [],
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read ${path}`);
  }
}

/** The parser's own message would show a piece of the file, and with it a secret. */
function parseDocument(content: string): unknown {
  try {
    return withoutComments(JSON.parse(content));
  } catch (error) {
    const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
    const line =
      position === undefined ? '' : ` (line ${content.slice(0, Number(position)).split('\n').length})`;
    throw invalid(`is not JSON${line}`, '');
  }
}

/** JSON has no comments: keys that begin with two slashes are taken as such, as in salver.json. */
function withoutComments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutComments);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !key.startsWith('//'));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutComments(item)]));
}

type ConfigBody = Omit<WebhooksConfig, 'warnings'>;

function configShape(lookup: VariableLookup): Shape<ConfigBody> {
  interface Document {
    readonly environment?: string;
    readonly host?: string;
    readonly webhooks: Readonly<Record<string, Omit<Webhook, 'name'>>>;
  }
  const document = object<Document>(
    {
      environment: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
      host: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/),
      webhooks: mapOf(/^[a-z0-9][a-z0-9_-]{0,31}$/, webhookShape(lookup), WEBHOOKS_MAX),
    },
    ['environment', 'host'],
  );
  return (value, place) => {
    const { environment = ENVIRONMENT_DEFAULT, host = hostname(), webhooks } = document(value, place);
    return {
      environment,
      host,
      webhooks: Object.entries(webhooks).map(([name, rest]) => ({ name, ...rest })),
    };
  };
}

function webhookShape(lookup: VariableLookup): Shape<Omit<Webhook, 'name'>> {
  return (value, place) => {
    const given =
      typeof value === 'object' && value !== null && 'template' in value ? value.template : 'cloudevents';
    const template = oneOf(...TEMPLATE_NAMES)(given, `${place}.template`);
    const { template: read, kinds } = findTemplate(template);
    const shapes = new SettingShapes(lookup);
    const { url, settings, steps } = read(value, place, shapes);
    checkTransport(url, settings.allowHttp ?? false, `${place}.url`);
    const hideSecrets = (foreign: string): string => shapes.hideSecrets(foreign);
    return { template, origin: url.origin, kinds: settings.on ?? kinds, steps, hideSecrets };
  };
}

function invalidKey(error: ShapeError): SalverError {
  const suggestion = error.unknownKey
    ? nearestWord(error.place.split('.').at(-1) ?? '', KNOWN_KEYS)
    : undefined;
  return invalid(error.message, error.place, suggestion);
}

function invalid(problem: string, key: string, suggestion?: string): SalverError {
  return new SalverError('E_CONFIG_INVALID', `${FILE}: ${printable(problem)}`, {
    hint:
      suggestion === undefined
        ? 'see docs/release-tracking.md for the keys'
        : `did you mean "${suggestion}"?`,
    facts: { file: FILE, key: printable(key), ...(suggestion === undefined ? {} : { suggestion }) },
  });
}
