import { Hono } from 'hono';
import type { CacheContext } from '../../app/cache/context.ts';
import { answerFault, type CacheEnv, notFound, RequestFault } from './answers.ts';
import { faultsAsMisses, STRICT_CLIENT_PATHS } from './clients/faults-as-misses.ts';
import { mountClients } from './clients/mount.ts';
import { guard } from './guard.ts';
import type { MountKeyspace } from './keyspace.ts';
import { mountNative } from './native/mount.ts';
import { createOpenApi } from './openapi.ts';

/** One line for each protocol. */
const KEYSPACE_MOUNTS: readonly MountKeyspace[] = [mountNative, mountClients];

/** The cache server, the same on every host. */
export function createCacheApp(context: CacheContext): Hono<CacheEnv> {
  const app = new Hono<CacheEnv>();
  for (const path of STRICT_CLIENT_PATHS) app.use(path, faultsAsMisses);
  app.use(guard(context));
  for (const mount of KEYSPACE_MOUNTS) mount(app, context);
  app.get('/openapi.json', (c) => c.json(createOpenApi(context.settings.version)));
  app.notFound((c) => answerFault(c, notFound()));
  app.onError((error, c) => {
    if (error instanceof RequestFault) return answerFault(c, error);
    return answerFault(c, ourFault(context, error));
  });
  return app;
}

/** Never a 4xx for a failure of ours. */
function ourFault(context: CacheContext, error: Error): RequestFault {
  const isRetryable = 'retryable' in error && error.retryable === true;
  context.log.write('cache-fault', { error: error.name, message: error.message, isRetryable });
  return isRetryable
    ? new RequestFault(503, 'unavailable', 'try again later', { 'Retry-After': '1' })
    : new RequestFault(500, 'internal', 'the server failed');
}
