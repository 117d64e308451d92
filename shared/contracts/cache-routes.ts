import { z } from 'zod';
import { sha256Schema } from './brands.ts';
import {
  createdSchema,
  errorSchema,
  eventsRequestSchema,
  explainRequestSchema,
  explainResponseSchema,
  healthSchema,
  leasedSchema,
  leaseEndSchema,
  leaseRequestSchema,
  leaseResponseSchema,
  lookupRequestSchema,
  lookupResponseSchema,
  presentSchema,
  profileRequestSchema,
  quarantineRequestSchema,
  signatureSchema,
  statsResponseSchema,
  whoamiSchema,
} from './cache-api.ts';
import { SPACE_KEY, spacePutSchema } from './cache-carried.ts';
import { STATS_DAYS_MAX } from './cache-limits.ts';
import { CLIENT_KEYSPACES, HEADER } from './cache-names.ts';
import {
  settledSchema,
  UPLOADS_COMMIT_PATH,
  UPLOADS_PATH,
  uploadLinkSchema,
  uploadRequestSchema,
} from './cache-uploads.ts';

/** The routes of the native protocol, from which `/openapi.json` is made. */
export interface RouteContract {
  readonly method: 'get' | 'head' | 'put' | 'post' | 'delete';
  /** With `{name}` for 64 hex characters, or what `params` says of the name. */
  readonly path: string;
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly summary: string;
  readonly isPublic?: boolean;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, HeaderContract>>;
  readonly request?: z.ZodType | 'bytes';
  readonly responses: Readonly<Record<number, ResponseContract>>;
}

interface HeaderContract {
  readonly schema: z.ZodType;
  readonly isRequired: boolean;
}

export interface ResponseContract {
  readonly description: string;
  /** Null for none. */
  readonly body: z.ZodType | 'bytes' | null;
  readonly headers?: readonly string[];
}

const required = (schema: z.ZodType): HeaderContract => ({ schema, isRequired: true });
const optional = (schema: z.ZodType): HeaderContract => ({ schema, isRequired: false });
const fault = (description: string, ...headers: string[]): ResponseContract => ({
  description,
  body: errorSchema,
  headers,
});
const NO_CONTENT: ResponseContract = { description: 'Done', body: null };
const NOT_FOUND = fault('There is none, or none that this token may see');
const READ_ONLY = fault('The token cannot write');
const INVALID = fault('The request is not as described');

/** Every route that needs a token can also answer so. */
const GUARDED: RouteContract['responses'] = {
  400: INVALID,
  401: fault('No valid token', 'WWW-Authenticate'),
  429: fault('Too many requests of this token', 'Retry-After'),
};
/** And every route that does anything so. */
const FAILING: RouteContract['responses'] = {
  500: fault('The server failed'),
  503: fault('Try again later', 'Retry-After'),
};

/** And every route with a body so. */
const BODIED: RouteContract['responses'] = {
  408: fault('The body came too slowly'),
  413: fault('Larger than the host allows'),
  415: fault('A Content-Encoding was given'),
};

const json = (description: string, body: z.ZodType): ResponseContract => ({ description, body });
const entryHeaders = [
  'ETag',
  'Content-Length',
  HEADER.signature,
  HEADER.toolchain,
  HEADER.compileSeconds,
  HEADER.created,
];

const conditions = {
  'If-None-Match': optional(z.string()),
  Range: optional(z.string()),
};

const headBody = (headers: readonly string[]): RouteContract['responses'] => ({
  200: { description: 'The entry', body: 'bytes', headers },
  206: { description: 'A part of it', body: 'bytes', headers: [...headers, 'Content-Range'] },
  304: { description: 'It is what the client has', body: null, headers: ['ETag'] },
  404: NOT_FOUND,
  416: fault('The range is not in the body', 'Content-Range'),
});

const readBody = (headers: readonly string[]): RouteContract['responses'] => ({
  ...headBody(headers),
  302: {
    description: 'A larger body than the host passes on: GET it there, without the token',
    body: null,
    headers: ['Location', 'ETag'],
  },
});

const ENTRY = '/v1/entries/{key}';
const SPACE = {
  path: '/v1/spaces/{keyspace}/{key}',
  params: { keyspace: z.enum(CLIENT_KEYSPACES), key: z.string().regex(SPACE_KEY) },
} as const;
const spaceHeaders = ['ETag', 'Content-Length', HEADER.attributes];
const PROFILE = '/v1/profiles/{profile}';
const LEASE = '/v1/leases/{key}';

const ROUTES: readonly RouteContract[] = [
  {
    method: 'get',
    path: '/v1/health',
    summary: 'Whether the server answers',
    isPublic: true,
    responses: { 200: json('It does', healthSchema) },
  },
  {
    method: 'get',
    path: '/v1/whoami',
    summary: 'What the token allows',
    responses: { 200: json('Namespace, scope, right and bounds', whoamiSchema) },
  },
  {
    method: 'get',
    path: ENTRY,
    summary: 'The body of an entry',
    headers: conditions,
    responses: readBody(entryHeaders),
  },
  {
    method: 'head',
    path: ENTRY,
    summary: 'What is said of an entry',
    headers: conditions,
    responses: headBody(entryHeaders),
  },
  {
    method: 'put',
    path: ENTRY,
    summary: 'Write an entry; the first writer wins',
    headers: {
      [HEADER.digest]: required(sha256Schema),
      [HEADER.signature]: required(signatureSchema),
      [HEADER.toolchain]: required(sha256Schema),
      [HEADER.compileSeconds]: required(z.string().regex(/^\d{1,6}(?:\.\d{1,9})?$/u)),
      [HEADER.factors]: optional(z.string()),
    },
    request: 'bytes',
    responses: {
      200: json('It was there', presentSchema),
      201: json('Stored', createdSchema),
      403: READ_ONLY,
      404: NOT_FOUND,
      409: fault('Another digest is there, or this one was reported as broken'),
      411: fault('Content-Length is required'),
    },
  },
  {
    method: 'post',
    path: UPLOADS_PATH,
    summary: 'A link to PUT a body that the host does not pass on',
    request: uploadRequestSchema,
    responses: {
      200: json('It was there', settledSchema),
      201: json('Send the body there, with these headers and no token', uploadLinkSchema),
      403: READ_ONLY,
      404: fault('This host passes on bodies of any size: PUT the entry'),
      409: fault('Another digest is there, or this one was reported as broken'),
    },
  },
  {
    method: 'post',
    path: UPLOADS_COMMIT_PATH,
    summary: 'Write the entry whose body was uploaded; the first writer wins',
    request: uploadRequestSchema,
    responses: {
      200: json('It was there', settledSchema),
      201: json('Stored', createdSchema),
      403: READ_ONLY,
      404: fault('No body of this digest and length was uploaded'),
      409: fault('Another digest is there, or this one was reported as broken'),
    },
  },
  {
    method: 'post',
    path: `${ENTRY}/quarantine`,
    summary: 'Take out an entry that is broken',
    request: quarantineRequestSchema,
    responses: { 204: NO_CONTENT, 403: READ_ONLY, 404: NOT_FOUND },
  },
  {
    method: 'post',
    path: '/v1/lookup',
    summary: 'Which keys have an entry',
    request: lookupRequestSchema,
    responses: { 200: json('Those that have', lookupResponseSchema) },
  },
  {
    method: 'get',
    ...SPACE,
    summary: 'An entry of another program, as servers carry it to each other',
    headers: conditions,
    responses: readBody(spaceHeaders),
  },
  {
    method: 'head',
    ...SPACE,
    summary: 'What is said of that entry',
    headers: conditions,
    responses: headBody(spaceHeaders),
  },
  {
    method: 'put',
    ...SPACE,
    summary: 'Write an entry of another program; a second body is judged as its protocol wants it',
    headers: {
      [HEADER.digest]: required(sha256Schema),
      [HEADER.attributes]: required(z.string()),
    },
    request: 'bytes',
    responses: {
      200: json('It was there, or (Nx, Turborepo) it is stored', spacePutSchema),
      201: json('Stored', createdSchema),
      403: READ_ONLY,
      404: NOT_FOUND,
      409: fault('Another digest is there, which Nx expects to hear'),
      411: fault('Content-Length is required'),
    },
  },
  {
    method: 'get',
    path: PROFILE,
    summary: 'The entry that a profile points to',
    headers: conditions,
    responses: readBody([...entryHeaders, HEADER.key]),
  },
  {
    method: 'head',
    path: PROFILE,
    summary: 'What is said of that entry',
    headers: conditions,
    responses: headBody([...entryHeaders, HEADER.key]),
  },
  {
    method: 'put',
    path: PROFILE,
    summary: 'Point a profile to an entry; the last writer wins',
    request: profileRequestSchema,
    responses: { 204: NO_CONTENT, 403: READ_ONLY, 404: NOT_FOUND },
  },
  {
    method: 'post',
    path: LEASE,
    summary: 'Say that one works on a key',
    request: leaseRequestSchema,
    responses: {
      201: json('Granted', leaseResponseSchema),
      403: READ_ONLY,
      404: NOT_FOUND,
      409: { description: 'Somebody else does', body: leasedSchema, headers: ['Retry-After'] },
    },
  },
  {
    method: 'delete',
    path: LEASE,
    summary: 'Give a lease back',
    request: leaseEndSchema,
    responses: { 204: NO_CONTENT, 403: READ_ONLY, 404: NOT_FOUND },
  },
  {
    method: 'post',
    path: '/v1/events',
    summary: 'Report hits, misses and what they saved',
    request: eventsRequestSchema,
    responses: { 204: NO_CONTENT },
  },
  {
    method: 'get',
    path: '/v1/stats',
    summary: 'Sums of the last days',
    query: { days: z.int().min(1).max(STATS_DAYS_MAX).default(30) },
    responses: { 200: json('The sums', statsResponseSchema) },
  },
  {
    method: 'post',
    path: '/v1/explain',
    summary: 'The nearest entry, and the factors that differ',
    request: explainRequestSchema,
    responses: { 200: json('The nearest, or null', explainResponseSchema) },
  },
];

/** Answers to HEAD have no body, whatever their status. */
const withoutBodies = (responses: RouteContract['responses']): RouteContract['responses'] =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [status, { ...response, body: null }]),
  );

/** With the answers that every route can give. */
export const CACHE_ROUTES: readonly RouteContract[] = ROUTES.map((route) => {
  if (route.isPublic === true) return { ...route, responses: { ...route.responses, 400: INVALID } };
  const bodied = route.request === undefined ? {} : BODIED;
  const responses = { ...GUARDED, ...FAILING, ...bodied, ...route.responses };
  return { ...route, responses: route.method === 'head' ? withoutBodies(responses) : responses };
});
