import type { MountKeyspace } from '../keyspace.ts';
import { mountEntries } from './entries.ts';
import { mountInsight } from './insight.ts';
import { mountLeases } from './leases.ts';
import { mountProfiles } from './profiles.ts';
import { mountSpaces } from './spaces.ts';
import { mountUploads } from './uploads.ts';

const MOUNTS: readonly MountKeyspace[] = [
  mountEntries,
  mountProfiles,
  mountLeases,
  mountInsight,
  mountSpaces,
  mountUploads,
];

/** docs/cache/protocol.md. */
export const mountNative: MountKeyspace = (app, context) => {
  for (const mount of MOUNTS) mount(app, context);
};
