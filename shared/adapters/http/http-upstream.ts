import { sha256Schema } from '../../contracts/brands.ts';
import { lookupResponseSchema, whoamiSchema } from '../../contracts/cache-api.ts';
import { readAttributes, spacePath, writeAttributes } from '../../contracts/cache-carried.ts';
import { INLINE_BYTES_MAX } from '../../contracts/cache-limits.ts';
import { HEADER, type KeyspaceName } from '../../contracts/cache-names.ts';
import type {
  CacheUpstream,
  CarriedEntry,
  ReceivedEntry,
  UpstreamAnswer,
} from '../../ports/cache-upstream.ts';
import { Breaker } from './breaker.ts';
import { deliveryOf, uploadEntry } from './upload-entry.ts';

export interface HttpUpstreamSettings {
  readonly url: string;
  readonly token: string;
  /** How long anything but a body may take. */
  readonly waitMs: number;
  /** How long a body may pause. */
  readonly bodyIdleMs: number;
  readonly entryBytesMax: number;
  readonly onFailure: (message: string) => void;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ReadableStream;
  /** Of a request with a large body. */
  readonly waitMs?: number;
}

interface Reply {
  readonly response: Response;
  readonly abort: AbortController;
}

export function createHttpUpstream(settings: HttpUpstreamSettings): CacheUpstream {
  const send = createSender(settings);
  const ask = async (
    method: string,
    path: string,
    json: unknown,
  ): Promise<UpstreamAnswer | null> => {
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const reply = await send({ method, path, ...body });
    return reply === null ? null : { status: reply.response.status, json: await readJson(reply) };
  };
  return {
    ask,
    readEntry: async (keyspace, key) => {
      const reply = await send({ method: 'GET', path: spacePath(keyspace, key) });
      return receive(settings, reply, keyspace, key);
    },
    readProfile: async (profile, knownDigest) => {
      const headers = knownDigest === null ? {} : { 'If-None-Match': `"${knownDigest}"` };
      const reply = await send({ method: 'GET', path: `/v1/profiles/${profile}`, headers });
      if (reply?.response.status === 304) return 'same';
      const key = reply?.response.headers.get(HEADER.key) ?? '';
      return receive(settings, reply, 'native', key);
    },
    lookup: async (keys) => {
      const answer = await ask('POST', '/v1/lookup', { keys });
      const parsed = lookupResponseSchema.safeParse(answer?.json);
      return parsed.success ? parsed.data.found : {};
    },
    writeEntry: async (entry, body) => {
      const waitMs = Math.ceil(settings.waitMs + entry.bytes / WRITE_BYTES_PER_MS_MIN);
      if (entry.bytes > INLINE_BYTES_MAX) {
        const delivery = await uploadEntry({ ...settings, waitMs }, ask, entry, body);
        if (delivery !== 'inline') return delivery;
      }
      const reply = await send({
        method: 'PUT',
        path: spacePath(entry.keyspace, entry.key),
        headers: headersOf(entry),
        body: ReadableStream.from(body()),
        waitMs,
      });
      await reply?.response.body?.cancel();
      return deliveryOf(reply?.response.status ?? null);
    },
    whoami: async () => {
      const answer = await ask('GET', '/v1/whoami', undefined);
      if (answer?.status === 401) return { kind: 'refused' };
      const parsed = whoamiSchema.safeParse(answer?.json);
      if (!parsed.success) return { kind: 'unreachable' };
      const { namespace, scope, right, tokenId, expires } = parsed.data;
      return {
        kind: 'known',
        access: { namespace, scope, right, tokenId, expiresMs: Date.parse(expires) },
      };
    },
  };
}

/** Slower uploads are given up. */
const WRITE_BYTES_PER_MS_MIN = 32;

function createSender(settings: HttpUpstreamSettings): (call: Call) => Promise<Reply | null> {
  const { url, token, onFailure } = settings;
  const breaker = new Breaker();
  return async ({ method, path, headers = {}, body, waitMs = settings.waitMs }) => {
    if (breaker.isOpen(performance.now())) return null;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error('no answer in time')), waitMs);
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...headers },
        redirect: 'manual',
        signal: abort.signal,
        ...(body === undefined ? {} : { body, duplex: 'half' }),
      });
      if (response.status >= 500) throw new Error(`it answered ${response.status}`);
      breaker.succeeded();
      return { response: await followOnce(response, abort.signal), abort };
    } catch (error) {
      breaker.failed(performance.now());
      onFailure(`${method} ${path}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** To a presigned URL: whatever it is, our token is not sent there. */
async function followOnce(response: Response, signal: AbortSignal): Promise<Response> {
  const location = response.headers.get('Location');
  if (response.status !== 302 || location === null || !/^https?:\/\//u.test(location)) {
    return response;
  }
  const moved = await fetch(location, { redirect: 'error', signal });
  // What the endpoint said of the entry holds; the store knows only its bytes.
  const headers = new Headers(response.headers);
  headers.set('Content-Length', moved.headers.get('Content-Length') ?? '');
  return new Response(moved.ok ? moved.body : null, { status: moved.ok ? 200 : 404, headers });
}

const headersOf = ({
  keyspace,
  digest,
  bytes,
  facts,
  factors,
}: CarriedEntry): Record<string, string> => ({
  'Content-Length': String(bytes),
  [HEADER.digest]: digest,
  [HEADER.compileSeconds]: String(facts.compileSeconds),
  ...(facts.signature === null ? {} : { [HEADER.signature]: facts.signature }),
  ...(facts.toolchain === null ? {} : { [HEADER.toolchain]: facts.toolchain }),
  ...(factors === null ? {} : { [HEADER.factors]: base64Url(factors) }),
  ...(keyspace === 'native' ? {} : writeAttributes(facts.attributes)),
});

const base64Url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

async function receive(
  settings: HttpUpstreamSettings,
  reply: Reply | null,
  keyspace: KeyspaceName,
  key: string,
): Promise<ReceivedEntry | null> {
  if (reply === null) return null;
  const { response } = reply;
  const { headers } = response;
  const digest = sha256Schema.safeParse(headers.get('ETag')?.slice(1, -1));
  const bytes = Number(headers.get('Content-Length') ?? 'none');
  if (response.status !== 200 || !digest.success || !(bytes <= settings.entryBytesMax)) {
    reply.abort.abort();
    return null;
  }
  const seconds = Number(headers.get(HEADER.compileSeconds) ?? 0);
  return {
    keyspace,
    key,
    digest: digest.data,
    bytes,
    facts: {
      signature: headers.get(HEADER.signature),
      toolchain: headers.get(HEADER.toolchain),
      compileSeconds: seconds >= 0 ? seconds : 0,
      attributes: readAttributes(headers.get(HEADER.attributes)) ?? {},
    },
    factors: null,
    body: inTime(reply, settings.bodyIdleMs),
  };
}

async function* inTime({ response, abort }: Reply, idleMs: number): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => abort.abort(new Error('the body came too slowly')), idleMs);
  try {
    for await (const piece of response.body ?? []) {
      timer.refresh();
      yield piece;
    }
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function readJson({ response }: Reply): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // no body, or none of ours
  }
}
