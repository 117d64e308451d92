import type { CacheContext } from '../../../app/cache/context.ts';
import type { FoundEntry } from '../../../app/cache/entry-rows.ts';
import { isSound } from '../../../app/cache/read-entry.ts';
import { findEntry, writeThrough } from '../../../app/cache/through-upstream.ts';
import {
  CLIENT_PROTOCOLS,
  type ClientName,
  followsGet,
} from '../../../domain/cache/client-protocols.ts';
import { answerPut, type CacheRequest, notFound, RequestFault, requireWrite } from '../answers.ts';
import { readEntryLength, takeEntryBody } from '../body.ts';
import { type ServeOptions, serveEntry } from '../serve-entry.ts';

/** An entry in the keyspace of a program of others. */
export interface ClientEntry {
  readonly client: ClientName;
  readonly key: string;
}

export async function getClientEntry(
  c: CacheRequest,
  context: CacheContext,
  { client, key }: ClientEntry,
  headersOf: ServeOptions['headersOf'] = () => ({}),
): Promise<Response> {
  const access = c.get('access');
  const find = () => findEntry(context, access, { keyspace: client, key });
  const isLookup = c.req.method === 'GET';
  try {
    const response = await serveEntry(c, context, {
      find: () => findSound(context, find),
      headersOf,
      followsGet: ({ row }) => followsGet(client, row.attributes),
    });
    if (isLookup) context.stats.add(access.namespace, { programHits: 1 });
    return response;
  } catch (error) {
    const isMiss = error instanceof RequestFault && error.status === 404;
    if (isLookup && isMiss) context.stats.add(access.namespace, { programMisses: 1 });
    throw error;
  }
}

/** The trusted scope and the bearer's own. */
const FIND_TRIES_MAX = 2;

/** A body that breaks off ends the build of some programs, and costs others more than a miss. */
async function findSound(
  context: CacheContext,
  find: () => Promise<FoundEntry | null>,
): Promise<FoundEntry | null> {
  for (let tries = 0; tries < FIND_TRIES_MAX; tries += 1) {
    const found = await find();
    // A host with links sees all of what it sends itself.
    if (found === null || context.links !== null || (await isSound(context, found))) return found;
  }
  return null;
}

interface ClientBody {
  /** Where the key is the digest of the body; null otherwise. */
  readonly digest: string | null;
  /** To be given back as they came. */
  readonly attributes: Readonly<Record<string, string>>;
}

export async function putClientEntry(
  c: CacheRequest,
  context: CacheContext,
  { client, key }: ClientEntry,
  { digest, attributes }: ClientBody = { digest: null, attributes: {} },
): Promise<Response> {
  const access = requireWrite(c);
  const bytes = readEntryLength(c, context);
  const { second, created } = CLIENT_PROTOCOLS[client];
  const result = await writeThrough(context, access, {
    keyspace: client,
    key,
    second,
    body: takeEntryBody(c, context, bytes),
    digest,
    bytes,
    facts: { signature: null, toolchain: null, compileSeconds: 0, attributes },
    factors: null,
  });
  return answerPut(c, result, created);
}

/** What has not the form of a key names nothing. */
export function keyOf(pattern: RegExp, text: string): string {
  if (!pattern.test(text)) throw notFound();
  return text;
}
