import type { MountKeyspace } from '../keyspace.ts';
import { getClientEntry, keyOf, putClientEntry } from './client-entries.ts';

const KEY = /^[\w-]{1,128}$/u;

/** Nx's own protocol for caches that people host themselves. It takes 200 and no other 2xx. */
export const mountNx: MountKeyspace = (app, context) => {
  app.get('/v1/cache/:hash', (c) =>
    getClientEntry(c, context, { client: 'nx', key: keyOf(KEY, c.req.param('hash')) }),
  );
  app.put('/v1/cache/:hash', (c) =>
    putClientEntry(c, context, { client: 'nx', key: keyOf(KEY, c.req.param('hash')) }),
  );
};
