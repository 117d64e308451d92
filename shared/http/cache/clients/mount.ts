import type { MountKeyspace } from '../keyspace.ts';
import { mountBazel } from './bazel.ts';
import { mountCcache } from './ccache.ts';
import { mountGradle } from './gradle.ts';
import { mountNx } from './nx.ts';
import { mountSccache } from './sccache.ts';
import { mountTurborepo } from './turborepo.ts';

/** docs/cache/clients.md. */
export const mountClients: MountKeyspace = (app, context) => {
  const mounts = [mountCcache, mountBazel, mountSccache, mountGradle, mountTurborepo, mountNx];
  for (const mount of mounts) mount(app, context);
};
