import { notFound, requireWrite } from '../answers.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { type ClientEntry, getClientEntry, putClientEntry } from './client-entries.ts';

/** What sccache reads and writes when it starts, to see what it may do. */
const CHECK = '.sccache_check';
/** Its own key prefix if it has one, three folders of one character, and the key. */
const PATH = /^\/sccache\/(?:([\w-]+(?:\/[\w-]+){0,3})\/)?(?:[0-9a-f]\/){3}([0-9a-f]{64})$/u;
const CHECK_PATH = /^\/sccache\/(?:([\w-]+(?:\/[\w-]+){0,3})\/)?\.sccache_check$/u;

/**
 * sccache by WebDAV, as far as it uses that. Before each write it asks for the folders upwards until
 * one is there, and makes what is missing; here no folder is ever there, and each can be made.
 */
export const mountSccache: MountKeyspace = (app, context) => {
  app.on('PROPFIND', '/sccache/*', () => {
    throw notFound();
  });
  app.on('MKCOL', '/sccache/*', (c) => {
    requireWrite(c);
    return c.body(null, 201);
  });
  app.get('/sccache/*', (c) => getClientEntry(c, context, entryOf(c.req.path)));
  app.put('/sccache/*', (c) => putClientEntry(c, context, entryOf(c.req.path)));
};

function entryOf(path: string): ClientEntry {
  const found = PATH.exec(path) ?? CHECK_PATH.exec(path);
  if (found === null) throw notFound();
  const [, prefix = '', key = CHECK] = found;
  return { client: 'sccache', key: prefix === '' ? key : `${prefix.replaceAll('/', '.')}.${key}` };
}
