import type { CacheContext } from '../../app/cache/context.ts';
import type { FoundEntry } from '../../app/cache/entry-rows.ts';
import { hasBody, linkToEntry, openEntry } from '../../app/cache/read-entry.ts';
import type { EntryRow } from '../../contracts/cache-rows.ts';
import { chooseGet, type Transfer } from '../../domain/cache/client-protocols.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { type CacheRequest, notFound, RequestFault } from './answers.ts';
import { readRange } from './range.ts';

export interface ServeOptions {
  /** Looked up again where the bytes of an entry turn out to be lost. */
  readonly find: () => Promise<FoundEntry | null>;
  /** Headers of the protocol, besides those of HTTP. */
  readonly headersOf: (found: FoundEntry) => Readonly<Record<string, string>>;
  /** Whether the program repeats a GET at another origin. */
  readonly followsGet: (found: FoundEntry) => boolean;
}

/** Scopes that can hold a lost blob, and one more look. */
const FIND_TRIES_MAX = 3;

/** Answers GET and HEAD of an entry: 200, 206, 304, 404 or 416. */
export async function serveEntry(
  c: CacheRequest,
  context: CacheContext,
  { find, headersOf, followsGet }: ServeOptions,
): Promise<Response> {
  for (let tries = 0; tries < FIND_TRIES_MAX; tries += 1) {
    const found = await find();
    if (found === null) break;
    const transfer = transferOf(context, found, followsGet(found));
    if (transfer === 'refuse') break;
    const response =
      transfer === 'redirect' && c.req.method === 'GET'
        ? await redirectTo(c, context, found, headersOf(found))
        : await answerWith(c, context, found, headersOf(found));
    if (response !== null) return response;
  }
  throw notFound();
}

function transferOf(
  { links, settings }: CacheContext,
  { row }: FoundEntry,
  followsGet: boolean,
): Transfer {
  return links === null ? 'inline' : chooseGet(followsGet, row.bytes, settings.inlineBytesMax);
}

/** Null where the bytes are lost: a link never leads to nothing. */
async function redirectTo(
  c: CacheRequest,
  context: CacheContext,
  found: FoundEntry,
  own: Readonly<Record<string, string>>,
): Promise<Response | null> {
  const etag = `"${found.row.digest}"`;
  const headers = { ...own, ETag: etag, 'Cache-Control': 'private, no-store' };
  if (isMatch(c.req.header('If-None-Match'), etag)) return c.body(null, 304, headers);
  const location = await linkToEntry(context, found);
  return location === null ? null : c.body(null, 302, { ...headers, Location: location });
}

/** Null where the bytes are lost. */
async function answerWith(
  c: CacheRequest,
  context: CacheContext,
  found: FoundEntry,
  own: Readonly<Record<string, string>>,
): Promise<Response | null> {
  const { bytes, digest } = found.row;
  const etag = `"${digest}"`;
  const headers: Record<string, string> = {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-transform',
    'Content-Type': 'application/octet-stream',
    'X-Content-Type-Options': 'nosniff',
    ...own,
  };
  if (isMatch(c.req.header('If-None-Match'), etag)) return c.body(null, 304, headers);
  const range = rangeOf(c, found.row);
  headers['Content-Length'] = String(range?.length ?? bytes);
  if (range !== null) {
    headers['Content-Range'] = `bytes ${range.offset}-${range.offset + range.length - 1}/${bytes}`;
  }
  const status = range === null ? 200 : 206;
  if (c.req.method === 'HEAD') {
    return (await hasBody(context, found)) ? c.body(null, status, headers) : null;
  }
  const body = await openEntry(context, found, range);
  if (body === null) return null;
  const payload = Buffer.isBuffer(body) ? body : ReadableStream.from(breakingOff(c, context, body));
  return new Response(payload, { status, headers });
}

/** A body that fails half-way ends with its connection: nothing may fill up what is missing. */
async function* breakingOff(
  c: CacheRequest,
  context: CacheContext,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    context.log.write('cache-broken-body', { path: c.req.path, error: String(error) });
    if (c.env.outgoing === undefined) throw error;
    c.env.outgoing.destroy();
  }
}

function rangeOf(c: CacheRequest, row: EntryRow): ByteRange | null {
  const condition = c.req.header('If-Range');
  if (condition !== undefined && condition !== `"${row.digest}"`) return null;
  const range = readRange(c.req.header('Range'), row.bytes);
  if (range !== 'unsatisfiable') return range;
  throw new RequestFault(416, 'range', 'the range is not in the body', {
    'Content-Range': `bytes */${row.bytes}`,
  });
}

const isMatch = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(',').some((it) => it.trim() === '*' || it.trim().replace(/^W\//u, '') === etag);
