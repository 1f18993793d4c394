// How many columns text takes on a terminal. Good enough for file and package names: wide East Asian
// characters and emoji take two, combining marks none.

const ZERO_WIDTH = /^(?:\p{Mark}|[\u200b\u200c\u2060]|\u200d)$/u;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]$/u;
const ELLIPSIS = '…';

function characterWidth(character: string): number {
  if (character <= '\x7e') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that `text` takes. It must hold no control characters. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text`, cut with an ellipsis so that it takes at most `columns` columns. */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - ELLIPSIS.length) break;
    kept += character;
  }
  return columns < 1 ? '' : kept + ELLIPSIS;
}

/** `text` with spaces behind it up to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** `text` with spaces before it up to `columns`. */
export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - textWidth(text))) + text;
}
