import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { PutResult } from '../../app/cache/write-entry.ts';
import type { Access } from '../../contracts/cache-names.ts';

export interface CacheEnv {
  /** Of hosts on Node's own HTTP server. */
  Bindings: { readonly outgoing?: { destroy(): unknown } };
  Variables: { access: Access; bodyIdleMs: number };
}
export type CacheRequest = Context<CacheEnv>;

/** Ends a request with an error of the client's making, wherever it is noticed. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const answerFault = (c: CacheRequest, fault: RequestFault): Response =>
  c.json({ error: { code: fault.code, message: fault.message } }, fault.status, fault.headers);

/** The same to the byte, whether there is nothing or it is somebody else's. */
export const notFound = (): RequestFault => new RequestFault(404, 'not_found', 'there is none');

export function requireWrite(c: CacheRequest): Access {
  const access = c.get('access');
  if (access.right === 'write') return access;
  throw new RequestFault(403, 'read_only', 'this token cannot write');
}

type Refusal = Exclude<PutResult['kind'], 'created' | 'present' | 'kept'>;

const REFUSALS: Readonly<Record<Refusal, readonly [ContentfulStatusCode, string, string]>> = {
  conflict: [409, 'conflict', 'there is an entry with another digest'],
  quarantined: [409, 'quarantined', 'these bytes were reported as broken'],
  'read-only': [403, 'read_only', 'this token cannot write'],
  'wrong-digest': [400, 'invalid_digest', 'the body does not have the digest that was given'],
  'not-uploaded': [404, 'not_uploaded', 'no body of this digest and length was uploaded'],
  'wrong-length': [400, 'invalid_length', 'the body is not as long as Content-Length says'],
};

/** 201 (or `created`) for what is new, 200 for what was there; everything else is a fault. */
export function answerPut(
  c: CacheRequest,
  { kind }: PutResult,
  created: 200 | 201 = 201,
): Response {
  if (kind === 'created') return c.json({ kind }, created);
  if (kind === 'present' || kind === 'kept') return c.json({ kind }, 200);
  throw new RequestFault(...REFUSALS[kind]);
}
