import type { MiddlewareHandler } from 'hono';
import type { CacheEnv } from '../answers.ts';

/** Protocols of programs that end the whole build on a status which they do not expect. */
export const STRICT_CLIENT_PATHS = ['/v1/cache/*', '/sccache/*'] as const;

/**
 * A cache that fails costs a rebuild, never a build. Nx and sccache end the build on a 401, 413, 429
 * or 5xx of the cache; what they take is 404 to a read and 403 to a write. The body still tells.
 */
export const faultsAsMisses: MiddlewareHandler<CacheEnv> = async (c, next) => {
  await next();
  const { status } = c.res;
  if (status < 400 || status === 403 || status === 404 || status === 409) return;
  const isWrite = c.req.method === 'PUT' || c.req.method === 'MKCOL';
  const { body, headers } = c.res;
  c.res = new Response(body, { status: isWrite ? 403 : 404, headers });
};
