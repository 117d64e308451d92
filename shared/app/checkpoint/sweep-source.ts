import { z } from 'zod';
import type { SweepInput } from '../../contracts/checkpoint-commands.ts';
import {
  DEADLINE_RESERVE_MS,
  SWEEP_CONCURRENCY,
  SWEEP_OBJECTS_MAX,
} from '../../contracts/limits.ts';
import type { EntryKey } from '../../ports/entry-table.ts';
import type { ListedVersion } from '../../ports/object-store.ts';
import type { CheckpointContext } from './context.ts';
import { mapConcurrently } from './map-concurrently.ts';

type SweepContext = Pick<CheckpointContext, 'objects' | 'table' | 'remainingMs' | 'settings'>;

/** Where a sweep stopped; the next invocation goes on there. */
const positionSchema = z.strictObject({ prefix: z.string(), cursor: z.string().nullable() });
type Position = z.infer<typeof positionSchema>;

const positionKey = (sweep: string, context: SweepContext): EntryKey => ({
  pk: `sweep#${sweep}`,
  sk: context.settings.sourceBucket,
});

/** What is saved is a convenience: a lost or foreign one only means to begin again. */
const readPosition = async (context: SweepContext, sweep: string): Promise<Position | null> => {
  const entry = await context.table.read(positionKey(sweep, context));
  const parsed = positionSchema.safeParse(entry?.body);
  return parsed.success && context.settings.sourcePrefixes.includes(parsed.data.prefix)
    ? parsed.data
    : null;
};

const savePosition = async (
  context: SweepContext,
  sweep: string,
  position: Position | null,
): Promise<void> => {
  const key = positionKey(sweep, context);
  const known = await context.table.read(key);
  if (known !== null || position !== null) {
    const body = position ?? { prefix: '', cursor: null };
    // On a conflict another sweep saved its own place, which is as good.
    await context.table.write({ key, body, expect: known?.version ?? 'absent' });
  }
};

/**
 * Visits every version under the opted-in prefixes, page by page, until all are seen or time or
 * count run out. Tells whether all are seen; where not, the place is saved.
 */
export const sweepSource = async (
  context: SweepContext,
  sweep: 'reconcile' | 'retire',
  input: SweepInput,
  visit: (listed: ListedVersion) => Promise<void>,
): Promise<boolean> => {
  const { sourceBucket, sourcePrefixes } = context.settings;
  const saved = input.from === 'saved' ? await readPosition(context, sweep) : null;
  let cursor = saved?.cursor ?? null;
  let seen = 0;
  const first = saved === null ? 0 : sourcePrefixes.indexOf(saved.prefix);
  for (const prefix of sourcePrefixes.slice(first)) {
    do {
      if (seen >= SWEEP_OBJECTS_MAX || context.remainingMs() < DEADLINE_RESERVE_MS) {
        await savePosition(context, sweep, { prefix, cursor });
        return false;
      }
      const page = await context.objects.listPage(sourceBucket, prefix, cursor);
      await mapConcurrently(page.versions, SWEEP_CONCURRENCY, visit);
      seen += page.versions.length;
      cursor = page.cursor;
    } while (cursor !== null);
  }
  await savePosition(context, sweep, null);
  return true;
};
