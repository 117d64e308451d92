import type { LookupResponse } from '../contracts/cache-api.ts';
import type { Access, KeyspaceName } from '../contracts/cache-names.ts';
import type { EntryRow } from '../contracts/cache-rows.ts';

/** An entry as one server gives it to another. */
export interface CarriedEntry {
  readonly keyspace: KeyspaceName;
  readonly key: string;
  readonly digest: string;
  readonly bytes: number;
  readonly facts: Pick<EntryRow, 'signature' | 'toolchain' | 'compileSeconds' | 'attributes'>;
  readonly factors: Readonly<Record<string, string>> | null;
}

/** `refused`: the endpoint does not want it, now or later; `failed`: it may be tried again. */
export type Delivery = 'taken' | 'refused' | 'failed';

export interface ReceivedEntry extends CarriedEntry {
  /** Not yet checked against the digest. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * The endpoint that a proxy writes through to. Nothing is thrown: what cannot be had in time is
 * `null`, and after a failure it is not asked again for a while.
 */
export interface CacheUpstream {
  readEntry(keyspace: KeyspaceName, key: string): Promise<ReceivedEntry | null>;
  /** `same` where the profile still points to what has this digest. */
  readProfile(profile: string, knownDigest: string | null): Promise<ReceivedEntry | 'same' | null>;
  /** Which of these native keys it has. */
  lookup(keys: readonly string[]): Promise<LookupResponse['found']>;
  /** `body` is called where it is asked for, and again where it has to be sent again. */
  writeEntry(entry: CarriedEntry, body: () => AsyncIterable<Uint8Array>): Promise<Delivery>;
  /** Any other request of the native protocol; null where there is no answer. */
  ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    json: unknown,
  ): Promise<UpstreamAnswer | null>;
  whoami(): Promise<UpstreamIdentity>;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly json: unknown;
}

export type UpstreamIdentity =
  | { readonly kind: 'known'; readonly access: Access }
  | { readonly kind: 'refused' | 'unreachable' };
