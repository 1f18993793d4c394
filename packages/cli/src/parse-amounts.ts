// Amounts with a unit in options: `30d`, `5GB`.
import { SalverError, printable } from '@salver/core';

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** `30s`, `5m`, `2h`, `30d` in milliseconds. Throws E_USAGE naming the option. */
export function parseDuration(text: string, option: string): number {
  const [, amount, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const milliseconds = MILLISECONDS[unit ?? ''];
  if (milliseconds !== undefined) return Number(amount) * milliseconds;
  throw new SalverError('E_USAGE', `--${option} is not a duration: "${printable(text)}"`, {
    hint: 'write a number and s, m, h or d, for example 30d',
  });
}

/** `500MB`, `5GB` in bytes; powers of 1000. Throws E_USAGE naming the option. */
export function parseSize(text: string, option: string): number {
  const [, amount, unit] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)([KMGT]?B)$/.exec(text.toUpperCase()) ?? [];
  const bytes = BYTES[unit ?? ''];
  if (bytes !== undefined) return Math.round(Number(amount) * bytes);
  throw new SalverError('E_USAGE', `--${option} is not a size: "${printable(text)}"`, {
    hint: 'write a number and kB, MB or GB, for example 5GB',
  });
}
