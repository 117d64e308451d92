import { handle } from 'hono/aws-lambda';
import { createCacheApp } from '../../shared/http/cache/app.ts';
import { createCacheHost } from '../cache-context.ts';

const host = createCacheHost();
const answer = handle(createCacheApp(host.context));

/** The compile cache behind a function URL. */
export const handler = async (event: Parameters<typeof answer>[0]) => {
  const result = await answer(event);
  await host.settle();
  return result;
};
