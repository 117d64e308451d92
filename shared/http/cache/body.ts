import { z } from 'zod';
import type { CacheContext } from '../../app/cache/context.ts';
import { BODY_BYTES_PER_SECOND_MIN, JSON_BYTES_MAX } from '../../contracts/cache-limits.ts';
import { type CacheRequest, RequestFault } from './answers.ts';

interface BodyBounds {
  readonly bytesMax: number;
  /** Bytes that Content-Length names; null where the protocol goes without. */
  readonly bytes: number | null;
}

/** What Content-Length says. `required` refuses a body whose length nobody knows. */
function readLength(c: CacheRequest, bytesMax: number, isRequired: boolean): number | null {
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new RequestFault(415, 'encoded_body', 'send the body without Content-Encoding');
  }
  const length = c.req.header('Content-Length');
  if (length === undefined) {
    if (!isRequired) return null;
    throw new RequestFault(411, 'length_required', 'Content-Length is required');
  }
  if (!/^\d{1,15}$/u.test(length)) {
    throw new RequestFault(400, 'invalid_length', 'Content-Length is not a number');
  }
  const bytes = Number(length);
  if (bytes > bytesMax) throw tooLarge(bytesMax);
  return bytes;
}

export const tooLarge = (bytesMax: number): RequestFault =>
  new RequestFault(413, 'too_large', `at most ${bytesMax} bytes are taken`);

/** The body in pieces: bounded in bytes and in time, and as long as it was said to be. */
async function* takeBody(c: CacheRequest, bounds: BodyBounds): AsyncGenerator<Uint8Array> {
  const reader = c.req.raw.body?.getReader();
  const idleMs = c.get('bodyIdleMs');
  const startedMs = performance.now();
  let taken = 0;
  try {
    for (;;) {
      const { done, value } = reader === undefined ? NOTHING : await readInTime(reader, idleMs);
      if (done) break;
      taken += value.length;
      if (taken > bounds.bytesMax) throw tooLarge(bounds.bytesMax);
      const allowedMs = idleMs + (1_000 * taken) / BODY_BYTES_PER_SECOND_MIN;
      if (performance.now() - startedMs > allowedMs) throw slowBody();
      yield value;
    }
  } finally {
    await reader?.cancel().catch(() => undefined); // what is left of it nobody reads
  }
  if (bounds.bytes === null || taken === bounds.bytes) return;
  throw new RequestFault(400, 'invalid_length', 'the body is not as long as Content-Length says');
}

const NOTHING = { done: true, value: undefined } as const;

const slowBody = (): RequestFault =>
  new RequestFault(408, 'slow_body', 'the body came too slowly', { Connection: 'close' });

async function readInTime(reader: ReadableStreamDefaultReader<Uint8Array>, idleMs: number) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(slowBody()), idleMs);
  });
  try {
    return await Promise.race([reader.read(), late]);
  } catch (cause) {
    if (cause instanceof RequestFault) throw cause;
    throw new RequestFault(400, 'invalid_length', 'the body ended too early');
  } finally {
    clearTimeout(timer);
  }
}

type BodyHost = Pick<CacheContext, 'settings' | 'links'>;

/** A host with links has larger bodies sent there. */
const bodyBytesMax = ({ settings, links }: BodyHost): number =>
  links === null ? settings.entryBytesMax : settings.inlineBytesMax;

export const readEntryLength = (c: CacheRequest, host: BodyHost): number =>
  readLength(c, bodyBytesMax(host), true) ?? 0;

/** The body of an entry, within what the host allows. */
export function takeEntryBody(
  c: CacheRequest,
  host: BodyHost,
  bytes: number | null,
): AsyncGenerator<Uint8Array> {
  return takeBody(c, { bytesMax: bodyBytesMax(host), bytes });
}

/** A JSON body by its schema. */
export async function readJson<Schema extends z.ZodType>(
  c: CacheRequest,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = readLength(c, JSON_BYTES_MAX, false);
  const pieces: Uint8Array[] = [];
  for await (const piece of takeBody(c, { bytesMax: JSON_BYTES_MAX, bytes })) pieces.push(piece);
  const parsed = schema.safeParse(parseJson(Buffer.concat(pieces).toString('utf8')));
  if (parsed.success) return parsed.data;
  throw invalidRequest(z.prettifyError(parsed.error));
}

const MESSAGE_LENGTH_MAX = 500;

export const invalidRequest = (message: string): RequestFault =>
  new RequestFault(400, 'invalid_request', message.slice(0, MESSAGE_LENGTH_MAX));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest('the body is not JSON');
  }
}

/** A header or a part of the path by its schema. */
export function parseText<Schema extends z.ZodType>(
  schema: Schema,
  value: string | undefined,
  name: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RequestFault(400, 'invalid_header', `${name}: ${issue?.message ?? 'not valid'}`);
}
