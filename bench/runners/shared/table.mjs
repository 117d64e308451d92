// Tables for a person, on standard output.

/** Prints a title and rows of equal length, the first of them the head; numbers are right-aligned. */
export function printTable(title, rows, note = '') {
  const cells = rows.map((row) => row.map((cell) => (cell ?? '-').toString()));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  console.log(`\n${title}`);
  console.log([line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n'));
  if (note) console.log(note);
}

export const ratio = (value) => {
  if (value === undefined || value === null) return '-';
  return `${value.toFixed(value < 10 ? 3 : value < 1000 ? 1 : 0)}x`;
};
export const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
export const speed = (value) => value?.toFixed(2);
