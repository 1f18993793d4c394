// Names of files in a directory store that are no objects: work that has no name yet, and claims.

export const TEMPORARY_PREFIX = '.salver-';

/** Beside the file `name`, never the same twice. */
export function temporaryName(name: string, unique: string): string {
  // A long name plus ours would be too long for the file system; the unique part is enough.
  return `${TEMPORARY_PREFIX}${unique}-${name.slice(0, 100)}`;
}

export function claimName(name: string): string {
  return `${TEMPORARY_PREFIX}claim-${name.slice(0, 200)}`;
}

export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}
