import type { MountKeyspace } from '../keyspace.ts';
import { getClientEntry, keyOf, putClientEntry } from './client-entries.ts';

const SHA256 = /^[0-9a-f]{64}$/u;

/** Bazel's HTTP cache: actions by a key of Bazel's, and blobs by their SHA-256, which is checked. */
export const mountBazel: MountKeyspace = (app, context) => {
  app.get('/bazel/ac/:key', (c) =>
    getClientEntry(c, context, { client: 'bazel-ac', key: keyOf(SHA256, c.req.param('key')) }),
  );
  app.put('/bazel/ac/:key', (c) =>
    putClientEntry(c, context, { client: 'bazel-ac', key: keyOf(SHA256, c.req.param('key')) }),
  );
  app.get('/bazel/cas/:key', (c) =>
    getClientEntry(c, context, { client: 'bazel-cas', key: keyOf(SHA256, c.req.param('key')) }),
  );
  app.put('/bazel/cas/:key', (c) => {
    const key = keyOf(SHA256, c.req.param('key'));
    return putClientEntry(
      c,
      context,
      { client: 'bazel-cas', key },
      { digest: key, attributes: {} },
    );
  });
};
