import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeAttributes } from '../../shared/contracts/cache-carried.ts';
import { INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { CACHE_ROUTES, type RouteContract } from '../../shared/contracts/cache-routes.ts';
import { EntryTableError } from '../../shared/ports/entry-table.ts';
import {
  type CacheFixture,
  ENTRY_BYTES_MAX,
  openCacheFixture,
  recordingLinks,
  sha256,
} from './cache-fixture.ts';

const BODY = Buffer.from('an artefact');
const KEY = sha256('key');
const HOLDER = 'a'.repeat(16);
const lease = { seconds: 60, holder: HOLDER };
const factors = { torch: '2.15' };

let cache: CacheFixture;
let writer: string;
let reader: string;
let fault: EntryTableError | null = null;
beforeAll(async () => {
  cache = openCacheFixture({ bodyIdleMs: 50, links: recordingLinks() });
  const { table } = cache.context;
  const read = table.read.bind(table);
  table.read = async (key) => {
    if (fault !== null) throw fault;
    return read(key);
  };
  writer = await cache.token();
  reader = await cache.token({ right: 'read' });
  await cache.put(writer, KEY, BODY);
  await ask('put /v1/spaces/{keyspace}/{key}', putOf(BODY));
});

/** `METHOD path status` of what was answered, each found to be as documented. */
const seen = new Set<string>();

interface Ask {
  /** Another host, which gets a token of its own. */
  readonly of?: CacheFixture;
  readonly token?: string | null;
  readonly key?: string;
  readonly keyspace?: string;
  readonly query?: string;
  readonly json?: unknown;
  readonly init?: RequestInit;
}

async function ask(
  name: string,
  { token = writer, key = KEY, keyspace = 'gradle', ...rest }: Ask = {},
): Promise<number> {
  const route = CACHE_ROUTES.find((known) => nameOf(known) === name);
  if (route === undefined) throw new Error(`no route ${name}`);
  const at = route.path.replace('{keyspace}', keyspace).replace(/\{\w+\}/u, key);
  const path = at + (rest.query ?? '');
  const host = rest.of ?? cache;
  const bearer = rest.of === undefined ? token : await rest.of.token();
  const response = await host.request(bearer, path, {
    method: route.method.toUpperCase(),
    ...(rest.json === undefined ? {} : { body: JSON.stringify(rest.json) }),
    ...rest.init,
  });
  await checkDocumented(route, response);
  seen.add(`${name} ${response.status}`);
  return response.status;
}

async function checkDocumented(route: RouteContract, response: Response): Promise<void> {
  const documented = route.responses[response.status];
  if (documented === undefined) {
    throw new Error(`${route.method} ${route.path} ${response.status}: ${await response.text()}`);
  }
  for (const header of documented.headers ?? []) {
    expect([header, response.headers.get(header)]).toEqual([header, expect.any(String)]);
  }
  const bytes = Buffer.from(await response.arrayBuffer());
  if (documented.body === null) expect(bytes.length).toBe(0);
  else if (documented.body !== 'bytes') documented.body.parse(JSON.parse(bytes.toString('utf8')));
}

const valid = (route: RouteContract): Ask => {
  if (route.request === 'bytes') return putOf(BODY);
  return route.request === undefined ? {} : { json: VALID[`${route.method} ${route.path}`] };
};
function upload(body: Buffer): object {
  const digest = sha256(body);
  return { keyspace: 'nx', key: digest, digest, size: body.length, attributes: {} };
}
const VALID: Readonly<Record<string, unknown>> = {
  'post /v1/entries/{key}/quarantine': { digest: sha256('other'), reason: 'SIGILL' },
  'post /v1/uploads': upload(BODY),
  'post /v1/uploads/commit': upload(BODY),
  'post /v1/lookup': { keys: [KEY] },
  'put /v1/profiles/{profile}': { key: KEY, digest: sha256(BODY) },
  'post /v1/leases/{key}': lease,
  'delete /v1/leases/{key}': { holder: HOLDER },
  'post /v1/events': { events: [{ kind: 'hit', key: KEY }] },
  'post /v1/explain': { factors },
};
const putOf = (body: Buffer, headers: Record<string, string> = {}): Ask => ({
  init: { body, headers: { ...headersOf(body), ...headers } },
});
const headersOf = (body: Buffer): Record<string, string> => ({
  ...cache.signer.headers({ key: KEY, body }),
  ...writeAttributes({}),
});
const stalled = (): RequestInit => ({
  body: new ReadableStream({ start: (controller) => controller.enqueue(BODY.subarray(0, 2)) }),
  duplex: 'half',
});

async function* pieces(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}

/** An entry above what the host passes on, and a profile of the same name that points to it. */
async function plantLarge(): Promise<void> {
  const [key, body] = [sha256('large'), Buffer.alloc(INLINE_BYTES_MAX + 1)];
  const { context, signer } = cache;
  await (await context.blobs.stage('team', pieces(body))).commit();
  const headers = signer.headers({ key, body });
  const json = {
    keyspace: 'native',
    key,
    digest: sha256(body),
    size: body.length,
    signature: headers['Mithril-Signature'],
    toolchain: headers['Mithril-Toolchain'],
    compileSeconds: 1,
  };
  expect([200, 201]).toContain(await ask('post /v1/uploads/commit', { json }));
  const other = { keyspace: 'gradle', key, digest: sha256(body), size: body.length };
  await ask('post /v1/uploads/commit', { json: { ...other, attributes: {} } });
  const target = { key, digest: sha256(body) };
  expect(await ask('put /v1/profiles/{profile}', { key, json: target })).toBe(204);
}

const GUARDED = CACHE_ROUTES.filter((route) => route.isPublic !== true);
const BODIED = CACHE_ROUTES.filter((route) => route.request !== undefined);
const WRITING = CACHE_ROUTES.filter((route) => 403 in route.responses);
const KEYED = WRITING.filter(({ path }) => path.includes('{'));
const READING = CACHE_ROUTES.filter((route) => 304 in route.responses);
const nameOf = ({ method, path }: RouteContract): string => `${method} ${path}`;

describe('the document and the server agree', () => {
  it('where no token is needed', async () => {
    expect(await ask('get /v1/health', { token: null })).toBe(200);
    expect(await ask('get /v1/health', { token: null, query: '?token=x' })).toBe(400);
  });

  it.each(GUARDED)('on who is let in: $method $path', async (route) => {
    const name = nameOf(route);
    expect(await ask(name, { ...valid(route), token: null })).toBe(401);
    expect(await ask(name, { ...valid(route), query: '?access_token=x' })).toBe(400);
    const slow = await cache.token({ rate: 1 });
    await cache.request(slow, '/v1/whoami');
    await cache.request(slow, '/v1/whoami');
    expect(await ask(name, { ...valid(route), token: slow })).toBe(429);
  });

  it.each(GUARDED)('on failures of the server: $method $path', async (route) => {
    const subject = { pk: 'p', sk: 's' };
    const options = { message: 'injected', retryable: true };
    fault = new EntryTableError('Throttled', subject, options);
    const throttled = await ask(nameOf(route), valid(route));
    fault = new EntryTableError('Broken', subject, { ...options, retryable: false });
    const broken = await ask(nameOf(route), valid(route));
    fault = null;
    expect([throttled, broken]).toEqual([503, 500]);
  });

  it.each(BODIED)('on bodies that cannot be taken: $method $path', async (route) => {
    const name = nameOf(route);
    const headers: Record<string, string> = route.request === 'bytes' ? headersOf(BODY) : {};
    const large = { ...headers, 'Content-Length': String(ENTRY_BYTES_MAX + 1) };
    expect(await ask(name, { init: { body: 'x', headers: large } })).toBe(413);
    const coded = { ...headers, 'Content-Encoding': 'zstd' };
    expect(await ask(name, { init: { body: 'x', headers: coded } })).toBe(415);
    expect(await ask(name, { init: { ...stalled(), headers } })).toBe(408);
    const wrong = {
      body: '{',
      headers: { ...headers, 'Mithril-Digest': 'x', 'Content-Length': '1' },
    };
    expect(await ask(name, { init: wrong })).toBe(400);
  });

  it.each(WRITING)('on tokens that only read: $method $path', async (route) => {
    expect(await ask(nameOf(route), { ...valid(route), token: reader })).toBe(403);
  });

  it.each(KEYED)('on keys that are none: $method $path', async (route) => {
    expect(await ask(nameOf(route), { ...valid(route), key: 'not%20a%20key' })).toBe(404);
  });

  it('on profiles, which point to an entry', async () => {
    expect(
      await ask('put /v1/profiles/{profile}', { json: VALID['put /v1/profiles/{profile}'] }),
    ).toBe(204);
  });

  it.each(READING)('on reading: $method $path', async (route) => {
    const name = nameOf(route);
    const etag = `"${sha256(BODY)}"`;
    expect(await ask(name)).toBe(200);
    expect(await ask(name, { init: { headers: { Range: 'bytes=1-2' } } })).toBe(206);
    expect(await ask(name, { init: { headers: { Range: 'bytes=99-' } } })).toBe(416);
    expect(await ask(name, { init: { headers: { 'If-None-Match': etag } } })).toBe(304);
    expect(await ask(name, { key: sha256('absent') })).toBe(404);
  });

  it('on writing an entry', async () => {
    const name = 'put /v1/entries/{key}';
    expect(await ask(name, putOf(BODY))).toBe(200);
    expect(await ask(name, putOf(Buffer.from('other')))).toBe(409);
    expect(await ask(name, putOf(BODY, { 'Mithril-Digest': 'x' }))).toBe(400);
    const { 'Content-Length': _, ...headers }: Record<string, string> = cache.signer.headers({
      key: KEY,
      body: BODY,
    });
    expect(await ask(name, { init: { body: BODY, headers } })).toBe(411);
    const key = sha256('new');
    const init = { body: BODY, headers: cache.signer.headers({ key, body: BODY }) };
    expect(await ask(name, { key, init })).toBe(201);
    const quarantined = { digest: sha256(BODY), reason: 'SIGILL' };
    expect(await ask('post /v1/entries/{key}/quarantine', { key, json: quarantined })).toBe(204);
  });

  it.each(READING.filter((route) => 302 in route.responses))(
    'on larger bodies: $method $path',
    async (route) => {
      await plantLarge();
      expect(await ask(nameOf(route), { key: sha256('large') })).toBe(302);
    },
  );

  it.each([
    ['post /v1/uploads', () => ({ of: openCacheFixture() })],
    ['post /v1/uploads/commit', () => ({})],
  ] as const)('on uploads: %s', async (name, whereThereIsNone) => {
    const [body, other] = [Buffer.from(name), Buffer.from(`${name} other`)];
    const json = upload(body);
    expect(await ask(name, { json, ...whereThereIsNone() })).toBe(404);
    await (await cache.context.blobs.stage('team', pieces(body))).commit();
    await (await cache.context.blobs.stage('team', pieces(other))).commit();
    expect(await ask(name, { json })).toBe(201);
    await ask('post /v1/uploads/commit', { json });
    expect(await ask(name, { json })).toBe(200);
    const second = { ...upload(other), key: sha256(body) };
    expect(await ask(name, { json: second })).toBe(409);
  });

  it('on writing an entry of another program', async () => {
    const name = 'put /v1/spaces/{keyspace}/{key}';
    const [first, second] = [putOf(Buffer.from('first')), putOf(Buffer.from('second'))];
    const of = (keyspace: string, put: Ask) => ask(name, { ...put, keyspace, key: 'a-key' });
    expect([await of('gradle', first), await of('gradle', second)]).toEqual([201, 200]);
    expect([await of('nx', first), await of('nx', second)]).toEqual([200, 409]);
    expect(await of('native', first)).toBe(404);
    expect(await of('gradle', putOf(BODY, { 'Mithril-Attributes': '*' }))).toBe(400);
    const { 'Content-Length': _, ...headers }: Record<string, string> = headersOf(BODY);
    expect(await of('gradle', { init: { body: BODY, headers } })).toBe(411);
  });

  it('on leases, questions and reports', async () => {
    const name = 'post /v1/leases/{key}';
    expect(await ask(name, { json: lease })).toBe(201);
    expect(await ask(name, { json: { ...lease, holder: 'b'.repeat(16) } })).toBe(409);
    expect(await ask('delete /v1/leases/{key}', { json: { holder: HOLDER } })).toBe(204);
    expect(await ask('post /v1/lookup', { json: { keys: [KEY] } })).toBe(200);
    expect(await ask('post /v1/explain', { json: { factors } })).toBe(200);
    expect(await ask('post /v1/events', { json: { events: [{ kind: 'hit' }] } })).toBe(204);
    expect(await ask('get /v1/stats', { query: '?days=7' })).toBe(200);
    expect(await ask('get /v1/stats', { query: '?days=91' })).toBe(400);
    expect(await ask('get /v1/whoami')).toBe(200);
  });
});

const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.object() }))),
});

it('publishes the document', async () => {
  const response = await cache.request(null, '/openapi.json');
  const { paths } = documentSchema.parse(await response.json());
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(operations.toSorted()).toEqual(CACHE_ROUTES.map(nameOf).toSorted());
});

/** The last test: a documented answer that none saw is one that nobody knows to be true. */
it('has given every answer that is documented', () => {
  const documented = CACHE_ROUTES.flatMap((route) =>
    Object.keys(route.responses).map((status) => `${nameOf(route)} ${status}`),
  );
  expect([...seen].toSorted()).toEqual(documented.toSorted());
});
