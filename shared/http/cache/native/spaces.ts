import { findEntry } from '../../../app/cache/through-upstream.ts';
import { sha256Schema } from '../../../contracts/brands.ts';
import { readAttributes, SPACE_KEY, writeAttributes } from '../../../contracts/cache-carried.ts';
import { CLIENT_KEYSPACES, HEADER } from '../../../contracts/cache-names.ts';
import { notFound, RequestFault, requireWrite } from '../answers.ts';
import { parseText } from '../body.ts';
import { putClientEntry } from '../clients/client-entries.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { serveEntry } from '../serve-entry.ts';

/** Entries of other programs, as one server carries them to another: for `mithril cache proxy`. */
export const mountSpaces: MountKeyspace = (app, context) => {
  app.get('/v1/spaces/:space/:key', (c) => {
    const address = addressOf(c.req.param('space'), c.req.param('key'));
    return serveEntry(c, context, {
      find: () => findEntry(context, c.get('access'), address),
      followsGet: () => true,
      headersOf: ({ row }) => writeAttributes(row.attributes),
    });
  });
  app.put('/v1/spaces/:space/:key', async (c) => {
    requireWrite(c); // before anything is said of the headers
    const { keyspace, key } = addressOf(c.req.param('space'), c.req.param('key'));
    const digest = parseText(sha256Schema, c.req.header(HEADER.digest), HEADER.digest);
    const attributes = readAttributes(c.req.header(HEADER.attributes));
    if (attributes === null || (keyspace === 'bazel-cas' && key !== digest)) {
      throw new RequestFault(400, 'invalid_header', 'not what a server of ours sends');
    }
    return putClientEntry(c, context, { client: keyspace, key }, { digest, attributes });
  });
};

function addressOf(space: string, key: string) {
  const keyspace = CLIENT_KEYSPACES.find((known) => known === space);
  if (keyspace === undefined || !SPACE_KEY.test(key)) throw notFound();
  return { keyspace, key };
}
