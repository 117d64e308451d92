// Which lines of the sources ran, of a bundled file: V8's counts carried back by the source map.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map(Array.from(DIGITS, (letter, at) => [letter, at]));

/** Points of a bundled file: { offset, source, line }, by offset; `source` is an index. */
export function readPoints(code, { mappings }) {
  const starts = lineStarts(code);
  const points = [];
  let [source, line] = [0, 0];
  for (const [at, segments] of mappings.split(';').entries()) {
    let column = 0;
    for (const segment of segments.split(',').filter((it) => it !== '')) {
      const fields = decode(segment);
      column += fields[0];
      if (fields.length < 4) continue;
      source += fields[1];
      line += fields[2];
      points.push({ offset: starts[at] + column, source, line: line + 1 });
    }
  }
  return points;
}

/** Base 64 VLQ, as in source maps. */
function decode(text) {
  const values = [];
  let [value, shift] = [0, 0];
  for (const letter of text) {
    const digit = VALUES.get(letter);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit & 32) continue;
    values.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    [value, shift] = [0, 0];
  }
  return values;
}

function lineStarts(code) {
  const starts = [0];
  for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/**
 * Marks in `ran` (one byte a point) the points that a process came to. V8's ranges are nested: the
 * innermost one around an offset has its count.
 */
export function markRan(points, functions, ran) {
  const ranges = functions
    .flatMap((it) => it.ranges)
    .toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const open = [];
  let next = 0;
  for (const [at, { offset }] of points.entries()) {
    for (; next < ranges.length && ranges[next].startOffset <= offset; next += 1) {
      while (open.length > 0 && open.at(-1).endOffset <= ranges[next].startOffset) open.pop();
      open.push(ranges[next]);
    }
    while (open.length > 0 && open.at(-1).endOffset <= offset) open.pop();
    if ((open.at(-1)?.count ?? 0) > 0) ran[at] = 1;
  }
}
