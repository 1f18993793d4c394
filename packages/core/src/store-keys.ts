// Names of the objects in a store (DESIGN 5): every reader and writer asks here.
import { NAME_PATTERN, SHORT_ID_DIGITS, VERSION_PATTERN } from './release-name.js';

/** Letters first, so that no channel can be taken for a version. */
export const CHANNEL_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;
const ID_PREFIX_PATTERN = /^[0-9a-f]{4,64}$/;

/** Everything that belongs to one app. */
export function appPrefix(name: string): string {
  return `${name}/`;
}

export function artifactKey(name: string, file: string): string {
  return `${name}/${file}`;
}

/** The manifest, byte for byte. It is published last: a release without it is not there yet. */
export function manifestKey(name: string, id: string): string {
  return `${name}/${id}.manifest.json`;
}

/** SSH signatures over the manifest, one armoured block after the other. */
export function signatureKey(name: string, id: string): string {
  return `${name}/${signatureFileName(id)}`;
}

/** The same beside an artifact that lies in a directory. */
export function signatureFileName(id: string): string {
  return `${id}.sig`;
}

export function channelPrefix(name: string): string {
  return `${name}/channels/`;
}

export function channelKey(name: string, channel: string): string {
  return `${channelPrefix(name)}${channel}.json`;
}

export function revocationPrefix(name: string): string {
  return `${name}/revoked/`;
}

export function revocationKey(name: string, id: string): string {
  return `${revocationPrefix(name)}${id}.json`;
}

/** List of releases for stores that cannot list. Derived, never trusted. */
export function indexKey(name: string): string {
  return `${name}/index.json`;
}

/** What the key of an object below {@link appPrefix} says; undefined for objects of another kind. */
export type ReleaseObject =
  | {
      readonly kind: 'artifact';
      readonly file: string;
      readonly shortId: string;
      readonly version: string;
      readonly target: string;
    }
  | { readonly kind: 'manifest'; readonly id: string }
  | { readonly kind: 'signature'; readonly id: string };

/** Reads a key of the app `name`. */
export function parseReleaseKey(name: string, key: string): ReleaseObject | undefined {
  if (!key.startsWith(appPrefix(name))) return undefined;
  const file = key.slice(name.length + 1);
  const [, id = '', suffix] = /^([0-9a-f]{64})\.(manifest\.json|sig)$/.exec(file) ?? [];
  if (suffix !== undefined) return { kind: suffix === 'sig' ? 'signature' : 'manifest', id };
  return parseArtifactFileName(name, file);
}

const ARTIFACT_TAIL = new RegExp(
  `-([a-z0-9]{2,16}-[a-z0-9]{2,16}(?:-(?:glibc|musl))?)-([0-9a-f]{${SHORT_ID_DIGITS}})\\.tar\\.gz$`,
);

function parseArtifactFileName(name: string, file: string): ReleaseObject | undefined {
  if (!file.startsWith(`${name}-`)) return undefined;
  const [tail, target = '', shortId = ''] = ARTIFACT_TAIL.exec(file) ?? [];
  if (tail === undefined) return undefined;
  const version = file.slice(name.length + 1, -tail.length);
  return VERSION_PATTERN.test(version) ? { kind: 'artifact', file, shortId, version, target } : undefined;
}

/** `shop@production`, `shop@1.4.2`, `shop@4f2a91`: a release that a store is asked for. */
export interface NamedRelease {
  readonly name: string;
  readonly selector: string;
}

/** Undefined when the text is a path or a URL. */
export function parseNamedRelease(text: string): NamedRelease | undefined {
  const at = text.lastIndexOf('@');
  const [name, selector] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || !NAME_PATTERN.test(name) || !VERSION_PATTERN.test(selector)) return undefined;
  return { name, selector };
}

/** A selector that may name a channel: hexadecimal ones are beginnings of ids. */
export function isChannelName(selector: string): boolean {
  return CHANNEL_PATTERN.test(selector) && !ID_PREFIX_PATTERN.test(selector);
}

/** Does a release fit a selector that is no channel? */
export function fitsSelector(
  release: { readonly id: string; readonly version: string },
  selector: string,
): boolean {
  if (release.version === selector) return true;
  return ID_PREFIX_PATTERN.test(selector) && release.id.startsWith(selector);
}
