import { removeEntry } from '../../../app/cache/remove-entry.ts';
import { notFound, requireWrite } from '../answers.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { type ClientEntry, getClientEntry, keyOf, putClientEntry } from './client-entries.ts';

/** 20 bytes of digest, in hex (4.9 and later) or mostly in base 32. */
const KEY = /^[0-9a-z]{20,42}$/u;
const BAZEL_KEY = /^[0-9a-z]{64}$/u;

/**
 * ccache's HTTP storage in its three layouts: `aa/rest` (subdirs), `aarest` (flat) and `ac/KEY` (bazel).
 * The first two name the same entries.
 */
export const mountCcache: MountKeyspace = (app, context) => {
  const entry = (dir: string, rest: string): ClientEntry => {
    if (dir === 'ac' && BAZEL_KEY.test(rest)) return { client: 'ccache', key: rest };
    return { client: 'ccache', key: keyOf(KEY, dir + rest) };
  };
  for (const path of ['/ccache/:dir{[0-9a-z]{2}}/:rest', '/ccache/:rest'] as const) {
    app.get(path, (c) =>
      getClientEntry(c, context, entry(c.req.param('dir') ?? '', c.req.param('rest'))),
    );
    app.put(path, (c) =>
      putClientEntry(c, context, entry(c.req.param('dir') ?? '', c.req.param('rest'))),
    );
    app.delete(path, async (c) => {
      const access = requireWrite(c);
      const { client, key } = entry(c.req.param('dir') ?? '', c.req.param('rest'));
      const isRemoved = await removeEntry(context, access, { keyspace: client, key });
      if (!isRemoved) throw notFound();
      return c.body(null, 204);
    });
  }
};
