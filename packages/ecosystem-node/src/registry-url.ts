// Where a package's tarball is asked for: the lock's `resolved` with npm's rules for replacing the host, or
// else the place registries keep it by convention.
import type { NpmOptions } from './npm-options.js';

type UrlOptions = Pick<NpmOptions, 'fetch' | 'replaceRegistryHost'>;

/** The registry for this package name: its scope's, or the default one. Ends with a slash. */
export function registryFor(name: string, options: UrlOptions): string {
  const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/')) : undefined;
  const registry = scope === undefined ? undefined : options.fetch[`${scope as `@${string}`}:registry`];
  return `${(registry ?? options.fetch.registry).replace(/\/+$/, '')}/`;
}

/** `<registry>/@s/a/-/a-1.2.3.tgz`. */
export function conventionalUrl(name: string, version: string, options: UrlOptions): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  // Build metadata (`1.0.0+x`) is part of the file name, but `+` means a space to some servers.
  return `${registryFor(name, options)}${name}/-/${base}-${encodeURIComponent(version)}.tgz`;
}

/** Where the registry describes all versions of a package: `<registry>/@s%2fa`. */
export function packumentUrl(name: string, options: UrlOptions): string {
  return `${registryFor(name, options)}${name.replace('/', '%2f')}`;
}

/**
 * The lock's URL, moved to the configured registry when its host is the one `replace-registry-host`
 * names: locks are written with the public host whatever registry a team uses.
 */
export function replaceHost(resolved: string, options: UrlOptions): string {
  if (!URL.canParse(resolved)) return resolved;
  const url = new URL(resolved);
  // The default registry even for scopes: a scope's own registry is in the lock as it is.
  const registry = new URL(options.fetch.registry);
  const registryPath = registry.pathname.replace(/\/$/, '');
  const rule = options.replaceRegistryHost;
  const ruleUrl = URL.canParse(rule) ? new URL(rule) : undefined;
  const rulePath = ruleUrl?.pathname.replace(/\/$/, '') ?? '';
  const isHost = rule === 'always' || (ruleUrl?.hostname ?? rule) === url.hostname;
  if (!isHost || !isBelow(url.pathname, rulePath)) return resolved;
  url.protocol = registry.protocol;
  url.hostname = registry.hostname;
  url.port = registry.port;
  if (rulePath !== '') url.pathname = registryPath + url.pathname.slice(rulePath.length);
  else if (!isBelow(url.pathname, registryPath)) url.pathname = registryPath + url.pathname;
  return url.href;
}

function isBelow(path: string, prefix: string): boolean {
  return prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
}
