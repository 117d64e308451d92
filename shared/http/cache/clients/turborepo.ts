import { z } from 'zod';
import type { FoundEntry } from '../../../app/cache/entry-rows.ts';
import { EVENTS_MAX } from '../../../contracts/cache-limits.ts';
import { SIGNATURE_HEADER } from '../../../domain/cache/client-protocols.ts';
import { type CacheRequest, RequestFault } from '../answers.ts';
import { readJson } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { getClientEntry, keyOf, putClientEntry } from './client-entries.ts';

const KEY = /^[0-9a-f]{16,128}$/u;
/** Kept with the artefact and given back: its signature (`tag`) is for Turborepo alone to check. */
const PASSED_ON = [
  SIGNATURE_HEADER,
  'x-artifact-duration',
  'x-artifact-sha',
  'x-artifact-dirty-hash',
] as const;
const HEADER_LENGTH_MAX = 600; // what Vercel's own server takes of a tag
const ALLOWED_HEADERS = ['Authorization', 'Content-Type', 'User-Agent', ...PASSED_ON].join(', ');

const eventsSchema = z
  .array(
    z.object({
      source: z.enum(['LOCAL', 'REMOTE']),
      event: z.enum(['HIT', 'MISS']),
      /** Milliseconds that the task took when it ran. */
      duration: z.number().min(0).max(86_400_000).optional(),
    }),
  )
  .max(EVENTS_MAX);

/** Turborepo's remote cache. Team and slug of the URL say nothing: the token names the namespace. */
export const mountTurborepo: MountKeyspace = (app, context) => {
  app.get('/v8/artifacts/status', (c) => c.json({ status: 'enabled' }));
  app.post('/v8/artifacts/events', async (c) => {
    for (const it of await readJson(c, eventsSchema)) {
      if (it.source === 'LOCAL') continue;
      const secondsSaved = (it.duration ?? 0) / 1_000;
      const sums = it.event === 'HIT' ? { hits: 1, secondsSaved } : { misses: 1 };
      context.stats.add(c.get('access').namespace, sums);
    }
    return c.body(null, 200);
  });
  // `--preflight`: without this answer the request that follows would carry no token.
  app.options('/v8/artifacts/:hash', (c) =>
    c.body(null, 200, {
      'Access-Control-Allow-Methods': 'GET, HEAD, PUT, POST',
      'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    }),
  );
  app.get('/v8/artifacts/:hash', (c) => {
    const key = keyOf(KEY, c.req.param('hash'));
    return getClientEntry(c, context, { client: 'turborepo', key }, attributesOf);
  });
  app.put('/v8/artifacts/:hash', (c) => {
    const key = keyOf(KEY, c.req.param('hash'));
    const attributes = readAttributes(c);
    return putClientEntry(c, context, { client: 'turborepo', key }, { digest: null, attributes });
  });
};

const attributesOf = ({ row }: FoundEntry): Readonly<Record<string, string>> => row.attributes;

function readAttributes(c: CacheRequest): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = c.req.header(name);
    if (value === undefined) continue;
    if (value.length > HEADER_LENGTH_MAX) {
      throw new RequestFault(
        400,
        'invalid_header',
        `${name}: at most ${HEADER_LENGTH_MAX} characters`,
      );
    }
    attributes[name] = value;
  }
  return attributes;
}
