// How much of an artifact file each unit takes.
import type { ArtifactHead, Unit } from '@salver/core';

export interface MeasuredUnit {
  readonly unit: Unit;
  /** Compressed bytes of its members. */
  readonly storedBytes: number;
}

/** The units in file order, each with the compressed size of its members. */
export function measureUnits(head: ArtifactHead): readonly MeasuredUnit[] {
  let next = 0;
  return head.manifest.units.map((unit) => {
    const rows = head.layout.members.slice(next, next + unit.members.length);
    next += unit.members.length;
    return { unit, storedBytes: rows.reduce((sum, [bytes]) => sum + bytes, 0) };
  });
}
