import type { MiddlewareHandler } from 'hono';
import type { CacheContext } from '../../app/cache/context.ts';
import { authenticate } from '../../app/cache/tokens.ts';
import { type Allowance, spend } from '../../domain/cache/rate-limit.ts';
import { hasTokenInUrl } from '../../domain/cache/token.ts';
import { type CacheEnv, RequestFault } from './answers.ts';

const PUBLIC_PATHS: ReadonlySet<string> = new Set(['/v1/health', '/openapi.json']);
const CHALLENGE = { 'WWW-Authenticate': 'Bearer, Basic realm="mithril"' };

/** Nothing goes past it without a valid token that has not asked too often. */
export function guard(context: CacheContext): MiddlewareHandler<CacheEnv> {
  const allowances = new Map<string, Allowance>(); // one for each valid token that came by
  return async (c, next) => {
    if (hasTokenInUrl(c.req.url)) {
      throw new RequestFault(400, 'token_in_url', 'never put a token into a URL; revoke this one');
    }
    if (PUBLIC_PATHS.has(c.req.path)) return next();
    const nowMs = context.clock.nowMs();
    const header = c.req.header('Authorization') ?? null;
    const found = await authenticate(context.table, header, nowMs);
    if (found === null) {
      throw new RequestFault(401, 'unauthorized', 'a valid token is required', CHALLENGE);
    }
    const { tokenId } = found.access;
    const { after, retryAfterSeconds } = spend(allowances.get(tokenId) ?? null, found.rate, nowMs);
    allowances.set(tokenId, after);
    if (retryAfterSeconds !== null) {
      throw new RequestFault(429, 'rate_limited', 'too many requests of this token', {
        'Retry-After': String(retryAfterSeconds),
      });
    }
    c.set('access', found.access);
    c.set('bodyIdleMs', context.settings.bodyIdleMs);
    return next();
  };
}
