// Removed rows against the truth.

/** Groups of rows connected by pairs, each ascending. */
export function groupsOf(pairs) {
  const parent = new Map();
  const root = (row) => {
    let at = row;
    while (parent.has(at)) at = parent.get(at);
    return at;
  };
  for (const [a, b] of pairs) {
    const [first, second] = [root(a), root(b)].sort((one, other) => one - other);
    if (first !== second) parent.set(second, first);
  }
  const groups = new Map();
  for (const row of new Set(pairs.flat())) {
    const members = groups.get(root(row)) ?? [];
    groups.set(root(row), [...members, row]);
  }
  return [...groups.values()].map((group) => group.sort((a, b) => a - b));
}

/**
 * Precision and recall of removed rows: of a group of n rows n - 1 are removable, whichever row
 * stays; what is removed beyond that, or outside of a group, is wrong.
 */
export function score(removed, groups) {
  const isRemoved = new Set(removed);
  let [right, removable] = [0, 0];
  for (const group of groups) {
    removable += group.length - 1;
    right += Math.min(group.length - 1, group.filter((row) => isRemoved.has(row)).length);
  }
  return {
    removed: removed.length,
    right,
    removable,
    precision: interval(right, removed.length),
    recall: interval(right, removable),
  };
}

const Z95 = 1.959964;

/** A share with its 95% interval (Wilson score); null of nothing. */
export function interval(count, of) {
  if (of === 0) return null;
  const share = count / of;
  const middle = (share + Z95 ** 2 / (2 * of)) / (1 + Z95 ** 2 / of);
  const spread = Math.sqrt((share * (1 - share)) / of + Z95 ** 2 / (4 * of ** 2));
  const half = (Z95 / (1 + Z95 ** 2 / of)) * spread;
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half), of };
}

export const percent = (found) => (found === null ? '-' : `${(100 * found.share).toFixed(2)}%`);

export const percentInterval = (found) =>
  found === null
    ? '-'
    : `${percent(found)} (${(100 * found.low).toFixed(2)}-${(100 * found.high).toFixed(2)})`;
