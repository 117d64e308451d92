import { findProfile, pointProfile } from '../../../app/cache/profiles.ts';
import { profileRequestSchema } from '../../../contracts/cache-api.ts';
import { HEADER } from '../../../contracts/cache-names.ts';
import { notFound, requireWrite } from '../answers.ts';
import { readJson } from '../body.ts';
import type { MountKeyspace } from '../keyspace.ts';
import { serveEntry } from '../serve-entry.ts';
import { parseKey } from './entries.ts';
import { nativeHeaders } from './entry-headers.ts';

export const mountProfiles: MountKeyspace = (app, context) => {
  app.get('/v1/profiles/:profile', (c) => {
    const profile = parseKey(c.req.param('profile'));
    return serveEntry(c, context, {
      find: () => findProfile(context, c.get('access'), profile),
      followsGet: () => true,
      headersOf: (found) => ({ ...nativeHeaders(found), [HEADER.key]: found.key }),
    });
  });
  app.put('/v1/profiles/:profile', async (c) => {
    const access = requireWrite(c);
    const profile = parseKey(c.req.param('profile'));
    const target = await readJson(c, profileRequestSchema);
    const result = await pointProfile(context, access, profile, target);
    if (result === 'absent') throw notFound();
    return c.body(null, 204);
  });
};
