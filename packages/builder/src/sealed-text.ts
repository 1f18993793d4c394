// Small text whose damage is noticed: a line with the sha256 of the rest, then the rest. Cache files are not
// synced when written, so after a power cut any of them may be torn; the seal finds that.
import { sha256Hex } from '@salver/core';

const SEAL_PATTERN = /^[0-9a-f]{64}\n/;

export function sealText(text: string): string {
  return `${sha256Hex(text)}\n${text}`;
}

/** The text inside, or undefined when the seal does not fit. */
export function openSealedText(sealed: string): string | undefined {
  if (!SEAL_PATTERN.test(sealed)) return undefined;
  const text = sealed.slice(65);
  return sha256Hex(text) === sealed.slice(0, 64) ? text : undefined;
}
