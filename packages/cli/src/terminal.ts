// What the program knows about the streams it writes to.

/** The part of a stream that is used; tests pass a fake. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Colour only where a person looks and has not asked for none (https://no-color.org). */
export function usesColour(output: TextOutput, env: Environment): boolean {
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Lines may be drawn over: a terminal that understands cursor movement, and not a build server's log. */
export function canRedraw(output: TextOutput, env: Environment): boolean {
  const isBuildServer = !['', '0', 'false'].includes(env['CI'] ?? '');
  return output.isTTY === true && !isBuildServer && env['TERM'] !== 'dumb';
}

/** True when the locale says that text is UTF-8. */
export function isUtf8(env: Environment): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

const STYLES = { red: 31, yellow: 33, green: 32, dim: 2 } as const;

/** Wraps text in an ANSI style; returns it as it is when `enabled` is false. */
export function style(text: string, name: keyof typeof STYLES, enabled: boolean): string {
  return enabled ? `\u001b[${STYLES[name]}m${text}\u001b[0m` : text;
}
