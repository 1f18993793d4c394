// What the `migrate` hook of a release is going to do to the database, as far as the builds know: the migrations that the
// release before does not have. A declared `phase` is the app's own word and wins over it.
import type { Manifest, Migration } from '@salver/core';

export interface NewMigrations {
  /** Those that take something away from older code. */
  readonly contract: readonly Migration[];
  /** Those of which that is not known. */
  readonly cautious: readonly Migration[];
  readonly expand: readonly Migration[];
}

/** Undefined where nothing is known: one of the two releases lists no migrations. */
export function newMigrations(
  before: Manifest | undefined,
  after: Manifest | undefined,
): NewMigrations | undefined {
  if (before?.migrations === undefined || after?.migrations === undefined) return undefined;
  const known = new Set(before.migrations.map(({ id }) => id));
  const added = after.migrations.filter(({ id }) => !known.has(id));
  return {
    contract: added.filter(({ effect }) => effect === 'contract'),
    cautious: added.filter(({ effect }) => effect === 'review' || effect === 'opaque'),
    expand: added.filter(({ effect }) => effect === 'expand'),
  };
}

/** `shop.0004_remove_note (RemoveField order.note)`. */
export function describeMigration({ id, why }: Migration): string {
  return why === undefined ? id : `${id} (${why})`;
}

const SHOWN_MAX = 5;

/** Several, the first few by name. */
export function describeMigrations(migrations: readonly Migration[]): string {
  const shown = migrations.slice(0, SHOWN_MAX).map(describeMigration).join(', ');
  return migrations.length > SHOWN_MAX ? `${shown} and ${migrations.length - SHOWN_MAX} more` : shown;
}
