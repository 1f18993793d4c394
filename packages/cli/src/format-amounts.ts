// Numbers for people. Bytes in powers of 1000, as disks and networks are sold.

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `1.5 kB`, `62.8 MB`, `240 MB`. */
export function formatBytes(bytes: number): string {
  let amount = Math.abs(bytes);
  let unit = 0;
  // 999.95 would be shown as 1000.0: the next unit begins where rounding reaches it.
  while (amount >= 999.5 && unit < BYTE_UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const text = unit === 0 || amount >= 99.95 ? amount.toFixed(0) : amount.toFixed(1);
  return `${bytes < 0 ? '-' : ''}${text} ${BYTE_UNITS[unit] ?? ''}`;
}

/** As {@link formatBytes}, with a sign in any case: `+1.5 kB`. */
export function formatByteChange(bytes: number): string {
  return bytes < 0 ? formatBytes(bytes) : `+${formatBytes(bytes)}`;
}

/** `35 ms`, `1.2 s`, `3 min 05 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `1 package`, `113 packages`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  // Not toLocaleString: loading its tables takes longer than all the rest of a short command.
  const digits = String(count).replace(/(?<=\d)(?=(\d{3})+$)/g, ',');
  return `${digits} ${count === 1 ? singular : plural}`;
}
