import type { RangeBody } from '@salver/core';

/** Which part of an object an answer says it has; undefined when it does not say so. */
export function parseContentRange(
  header: string | undefined,
): Pick<RangeBody, 'offset' | 'length' | 'sizeBytes'> | undefined {
  const [found, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '') ?? [];
  if (found === undefined) return undefined;
  const offset = Number(first);
  return { offset, length: Number(last) + 1 - offset, sizeBytes: Number(total) };
}
