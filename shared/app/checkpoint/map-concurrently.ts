/**
 * Runs `work` for every item, at most `limit` at a time, results in order of the items. After a
 * failure no further item is begun; what runs is awaited (a frozen Lambda would lose it), then
 * the first error is thrown.
 */
export const mapConcurrently = async <Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const runWorker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next;
      next += 1;
      const item = items[index];
      if (item === undefined) {
        continue;
      }
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runWorker));
  if (failures.length > 0) {
    throw failures[0];
  }
  return results;
};
