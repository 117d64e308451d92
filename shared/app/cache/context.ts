import type { BlobLinks } from '../../ports/blob-links.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { CacheUpstream } from '../../ports/cache-upstream.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RemovableEntryTable } from '../../ports/entry-table.ts';
import type { Log } from '../../ports/log.ts';
import type { StatsRecorder } from './stats.ts';

/** What a team says of a namespace; the default where it says nothing. */
export interface NamespacePolicy {
  /** Hex of raw Ed25519 keys; with any, a native entry must be signed by one of them. */
  readonly publicKeys: readonly string[];
  /** Bytes as kept, after which the least recently used entries go. */
  readonly quotaBytes: number;
  /** Entries that were not used for so long go. */
  readonly ttlMs: number;
}

export interface CacheSettings {
  readonly version: string;
  readonly entryBytesMax: number;
  /** Above, a host with links answers with a presigned URL. */
  readonly inlineBytesMax: number;
  /** How long a body may pause between two pieces. */
  readonly bodyIdleMs: number;
  readonly policyOf: (namespace: string) => NamespacePolicy;
}

export interface CacheContext {
  readonly table: RemovableEntryTable;
  readonly blobs: BlobStore;
  /** Of hosts that pass on larger bodies than they can hold; null where all go through the host. */
  readonly links: BlobLinks | null;
  readonly clock: Clock;
  readonly log: Log;
  /** One line for each change: who, what, when. */
  readonly audit: Log;
  readonly stats: StatsRecorder;
  readonly settings: CacheSettings;
  /** Of a proxy: where it writes through to. */
  readonly upstream?: CacheUpstream;
  /** Work that no answer waits for; the host lets it end before it ends itself. */
  readonly background: (work: () => Promise<void>) => void;
}
