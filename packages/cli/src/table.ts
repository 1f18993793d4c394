// Columns of text for people.
import { padEnd, padStart, textWidth } from './text-width.js';

export interface Column {
  readonly title: string;
  /** Numbers are read best right-aligned. */
  readonly align?: 'left' | 'right';
}

/** Lines of a table; every cell in `rows` has a column. Trailing spaces are dropped. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const all = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_column, index) => Math.max(...all.map((row) => widthOf(row[index]))));
  return all.map((row) =>
    columns
      .map(({ align }, index) =>
        align === 'right'
          ? padStart(row[index] ?? '', widths[index] ?? 0)
          : padEnd(row[index] ?? '', widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function widthOf(cell: string | undefined): number {
  return cell === undefined ? 0 : textWidth(cell);
}
