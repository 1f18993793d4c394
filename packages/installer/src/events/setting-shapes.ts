// The kinds of values that webhooks.json has beyond those of plain JSON. Secrets may be written out or refer to
// a variable of config/env (`env:NAME`); a message about one never shows it.
import { ShapeError } from '@salver/core';
import type { Shape } from '@salver/core';

/** Finds a variable of config/env. */
export type VariableLookup = (name: string) => string | undefined;

const REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;
const PRINTABLE_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const SECRET_CHARACTERS_MAX = 4096;
/** Shorter ones are words that may stand anywhere: hiding them would garble texts and protect nothing. */
const HIDDEN_CHARACTERS_MIN = 6;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Shapes of one webhook's settings; remembers every secret that it has read. */
export class SettingShapes {
  readonly #lookup: VariableLookup;
  readonly #secrets = new Set<string>();

  constructor(lookup: VariableLookup) {
    this.#lookup = lookup;
  }

  /** A token, key or header value. */
  readonly secret: Shape<string> = (value, place) => {
    const found = this.#resolve(value, place);
    if (found.length > SECRET_CHARACTERS_MAX || !PRINTABLE_ASCII.test(found))
      throw new ShapeError(place, 'must be one line of printable ASCII characters');
    this.#secrets.add(found);
    return found;
  };

  /** A URL, which may hold a secret in its path or query. */
  readonly url: Shape<URL> = (value, place) => {
    const found = this.#resolve(value, place);
    if (!URL.canParse(found) || !/^https?:\/\//i.test(found))
      throw new ShapeError(place, 'must be a URL that begins with https://');
    const url = new URL(found);
    if (url.username !== '' || url.password !== '')
      throw new ShapeError(place, 'must not hold a user or password; use a token or headers');
    // A bare origin is no secret; Slack's paths are.
    if (url.pathname + url.search !== '/') {
      for (const part of [found, url.href, url.pathname, url.search]) this.#secrets.add(part);
    }
    return url;
  };

  /** Takes the secrets out of a text from outside, such as an answer. */
  hideSecrets(text: string): string {
    const secrets = [...this.#secrets].filter(({ length }) => length >= HIDDEN_CHARACTERS_MIN);
    const forms = secrets.flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
    ]);
    return forms
      .sort((a, b) => b.length - a.length)
      .reduce((shown, form) => shown.replaceAll(form, '***'), text);
  }

  #resolve(value: unknown, place: string): string {
    if (typeof value !== 'string' || value === '') throw new ShapeError(place, 'must be text');
    const [, name] = REFERENCE.exec(value) ?? [];
    if (name === undefined) {
      if (value.startsWith('env:')) throw new ShapeError(place, 'must name a variable behind env:');
      return value;
    }
    const found = this.#lookup(name);
    if (found === undefined || found === '')
      throw new ShapeError(place, `refers to ${name}, which config/env does not set`);
    return found;
  }
}

/** Refuses to send credentials over a connection that anybody may read. Throws ShapeError. */
export function checkTransport(url: URL, allowHttp: boolean, place: string): void {
  if (url.protocol === 'https:' || allowHttp || LOOPBACK.test(url.hostname)) return;
  throw new ShapeError(place, 'must begin with https:// ("allowHttp": true permits http)');
}
