import { explainMiss } from '../../../app/cache/explain.ts';
import { readStats } from '../../../app/cache/stats.ts';
import {
  eventsRequestSchema,
  explainRequestSchema,
  statsQuerySchema,
} from '../../../contracts/cache-api.ts';
import { isTrusted } from '../../../domain/cache/scopes.ts';
import { invalidRequest, readJson } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';

const COUNTED = { hit: 'hits', miss: 'misses', error: 'errors', inert: 'inert' } as const;

export const mountInsight: MountKeyspace = (app, context) => {
  const { version, entryBytesMax, inlineBytesMax } = context.settings;
  app.get('/v1/health', (c) => c.json({ status: 'ok', version }));
  app.get('/v1/whoami', (c) => {
    const { expiresMs, ...access } = c.get('access');
    return c.json({
      ...access,
      trusted: isTrusted(access),
      expires: new Date(expiresMs).toISOString(),
      entryBytesMax,
      inlineBytesMax,
      signatureRequired: true,
    });
  });
  app.post('/v1/events', async (c) => {
    const { events } = await readJson(c, eventsRequestSchema);
    for (const { kind, secondsSaved = 0 } of events) {
      context.stats.add(c.get('access').namespace, { [COUNTED[kind]]: 1, secondsSaved });
    }
    const { upstream } = context;
    if (upstream !== undefined) {
      context.background(async () => void (await upstream.ask('POST', '/v1/events', { events })));
    }
    return c.body(null, 204);
  });
  app.get('/v1/stats', async (c) => {
    const query = statsQuerySchema.safeParse(c.req.query());
    if (!query.success) throw invalidRequest('days: expected a number from 1 to 90');
    await context.stats.flush();
    const { namespace } = c.get('access');
    const nowMs = context.clock.nowMs();
    return c.json(await readStats(context.table, namespace, query.data.days, nowMs));
  });
  app.post('/v1/explain', async (c) => {
    const { factors } = await readJson(c, explainRequestSchema);
    return c.json({ nearest: await explainMiss(context, c.get('access'), factors) });
  });
};
