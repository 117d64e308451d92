import { collectGarbage } from '../../shared/app/cache/collect-garbage.ts';
import { createCacheHost } from '../cache-context.ts';

const host = createCacheHost();

/** Scheduled, and by hand: what nobody used for long, and what is above the quota. */
export const handler = async () => {
  const reports = await collectGarbage(host.context);
  await host.settle();
  return { reports };
};
