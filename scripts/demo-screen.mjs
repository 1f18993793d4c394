// What the demo prints: headed steps, aligned figures, a table at the end. Colour on a terminal only.
const hasColour = process.stdout.isTTY === true && !process.env.NO_COLOR;
const LABEL_COLUMNS = 12;

function paint(code, text) {
  return hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text) => paint('1', text);
export const dim = (text) => paint('2', text);
export const green = (text) => paint('32', text);
export const red = (text) => paint('31', text);

let steps = 0;

/** The title at the top, with lines of facts below it. */
export function showTitle(title, facts) {
  console.log(`\n${bold(title)}`);
  for (const fact of facts) console.log(dim(fact));
}

/** Begins a numbered step. */
export function showStep(title) {
  steps += 1;
  console.log(`\n${bold(`${String(steps).padStart(2)}  ${title}`)}`);
}

/** A command as a person would type it. */
export function showCommand(text) {
  console.log(`    ${dim('$')} ${text}`);
}

/** What a command printed, line by line. */
export function showOutput(text) {
  for (const line of text.trimEnd().split('\n')) console.log(`      ${line}`);
}

/** One measured figure or fact. */
export function showFigure(label, value) {
  console.log(`    ${dim(label.padEnd(LABEL_COLUMNS))}${value}`);
}

/** A plain sentence. */
export function showNote(text) {
  console.log(`    ${text}`);
}

/** A table whose first row has the headings; columns whose cells begin with a digit are right-aligned. */
export function showTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumeric = rows[0].map((_, column) => rows.slice(1).every((row) => /^(\d|–|$)/.test(row[column])));
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, column) =>
      isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    const line = `    ${cells.join('   ').trimEnd()}`;
    console.log(index === 0 ? dim(line) : line);
  }
}

/** `840 ms`, `12.3 s`. */
export function formatMs(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `512 B`, `38.4 kB`, `5.13 MB` (powers of ten). */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}

/** `1,234`. */
export function formatCount(count) {
  return count.toLocaleString('en-US');
}
