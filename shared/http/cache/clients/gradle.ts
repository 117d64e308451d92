import type { MountKeyspace } from '../keyspace.ts';
import { getClientEntry, keyOf, putClientEntry } from './client-entries.ts';

/** MD5 in hex; longer where Gradle takes to another hash. */
const KEY = /^[0-9a-f]{32,128}$/u;

/** Gradle's HTTP build cache. */
export const mountGradle: MountKeyspace = (app, context) => {
  app.get('/gradle/:key', (c) =>
    getClientEntry(c, context, { client: 'gradle', key: keyOf(KEY, c.req.param('key')) }),
  );
  app.put('/gradle/:key', (c) =>
    putClientEntry(c, context, { client: 'gradle', key: keyOf(KEY, c.req.param('key')) }),
  );
};
