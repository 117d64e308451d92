const SUGGESTIONS_MAX = 3;
/** Names are compared over at most this many characters, and at most this many of them. */
const NAME_LENGTH_MAX = 200;
const NAMES_MAX = 5_000;

/** The known names that are nearest to a mistyped one, best first; none that is far off. */
export function nearNames(wanted: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.floor(wanted.length * 0.4));
  return known
    .slice(0, NAMES_MAX)
    .map((name) => ({ name, distance: rank(wanted, name) }))
    .filter((it) => it.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX)
    .map((it) => it.name);
}

function rank(wanted: string, name: string): number {
  const near = wanted.toLowerCase();
  const other = name.toLowerCase();
  if (near.length >= 3 && other.endsWith(near)) return 1;
  return editDistance(near.slice(0, NAME_LENGTH_MAX), other.slice(0, NAME_LENGTH_MAX));
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
