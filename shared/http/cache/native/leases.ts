import { endLease, takeLease } from '../../../app/cache/leases.ts';
import { leaseEndSchema, leaseRequestSchema } from '../../../contracts/cache-api.ts';
import { requireWrite } from '../answers.ts';
import { readJson } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { parseKey } from './entries.ts';

export const mountLeases: MountKeyspace = (app, context) => {
  app.post('/v1/leases/:key', async (c) => {
    const access = requireWrite(c);
    const key = parseKey(c.req.param('key'));
    const request = await readJson(c, leaseRequestSchema);
    const result = await takeLease(context, access, { key, ...request });
    if (result.kind === 'granted') {
      return c.json({ expires: new Date(result.untilMs).toISOString() }, 201);
    }
    const { retryAfterSeconds } = result;
    const error = { code: 'leased', message: 'somebody else works on it' };
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    return c.json({ error, retryAfterSeconds }, 409, headers);
  });
  app.delete('/v1/leases/:key', async (c) => {
    const access = requireWrite(c);
    const key = parseKey(c.req.param('key'));
    const { holder } = await readJson(c, leaseEndSchema);
    await endLease(context, access, { key, holder });
    return c.body(null, 204);
  });
};
