// Names made from a release's identity (docs/format.md section 5, DESIGN 4).

export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const VERSION_PATTERN = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/;

/** How many hex digits of an id are shown and used in names. */
export const SHORT_ID_DIGITS = 12;

/** First 12 hex digits of a release id. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_DIGITS);
}

/** Directory name of a release on a host: `1.4.2-4f2a91c07b3e`. */
export function formatReleaseName(version: string, id: string): string {
  return `${version}-${shortId(id)}`;
}

/** File name of an artifact: `shop-1.4.2-linux-x64-glibc-4f2a91c07b3e.tar.gz`. */
export function artifactFileName(
  manifest: { readonly name: string; readonly version: string; readonly target: string },
  id: string,
): string {
  return `${manifest.name}-${manifest.version}-${manifest.target}-${shortId(id)}.tar.gz`;
}
