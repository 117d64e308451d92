import type { MountKeyspace } from '../keyspace.ts';
import { mountEntries } from './entries.ts';
import { mountInsight } from './insight.ts';
import { mountLeases } from './leases.ts';
import { mountProfiles } from './profiles.ts';
import { mountSpaces } from './spaces.ts';

/** docs/cache/protocol.md. */
export const mountNative: MountKeyspace = (app, context) => {
  for (const mount of [mountEntries, mountProfiles, mountLeases, mountInsight, mountSpaces]) {
    mount(app, context);
  }
};
