import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { entryPartition, TOKENS_PARTITION } from '../../shared/contracts/cache-rows.ts';
import {
  type CacheFixture,
  newSigner,
  openCacheFixture,
  postJson,
  sha256,
} from './cache-fixture.ts';

const KEY = sha256('key');
const BODY = Buffer.from('an artefact');
const EVIL = Buffer.from('an artefact that steals');
const path = `/v1/entries/${KEY}`;

let cache: CacheFixture;
let main: string;
beforeEach(async () => {
  cache = openCacheFixture();
  main = await cache.token();
  await cache.put(main, KEY, BODY);
});

/** All that a client can see of an answer. */
const seen = async (response: Response): Promise<unknown> => [
  response.status,
  [...response.headers],
  await response.text(),
];
const get = (token: string | null, at = path): Promise<Response> => cache.request(token, at);

describe('another tenant', () => {
  const TENANTS = ['team', 'other', 'team-2', 'tea'];

  it('sees nothing of any other one, by any route, and cannot tell it from nothing', async () => {
    await cache.request(main, `/v1/profiles/${KEY}`, {
      method: 'PUT',
      body: JSON.stringify({ key: KEY, digest: sha256(BODY) }),
    });
    for (const namespace of TENANTS.slice(1)) {
      const token = await cache.token({ namespace });
      for (const [real, guessed] of [
        [path, `/v1/entries/${sha256('guess')}`],
        [`/v1/profiles/${KEY}`, `/v1/profiles/${sha256('guess')}`],
      ] as const) {
        expect(await seen(await get(token, real))).toEqual(await seen(await get(token, guessed)));
      }
      const lookup = await cache.request(token, '/v1/lookup', postJson({ keys: [KEY] }));
      expect(await lookup.json()).toEqual({ found: {} });
      const report = postJson({ digest: sha256(BODY), reason: 'x' });
      expect((await cache.request(token, `${path}/quarantine`, report)).status).toBe(404);
      const profile = { key: KEY, digest: sha256(BODY) };
      const pointed = await cache.request(token, `/v1/profiles/${KEY}`, {
        method: 'PUT',
        body: JSON.stringify(profile),
      });
      expect(pointed.status).toBe(404);
    }
  });

  it('writes the same key for itself alone: each reads its own', async () => {
    const tokens = await Promise.all(TENANTS.map((namespace) => cache.token({ namespace })));
    for (const [index, token] of tokens.entries()) {
      await cache.put(token, sha256('own'), Buffer.from(`of ${TENANTS[index]}`));
    }
    for (const [index, token] of tokens.entries()) {
      const read = await get(token, `/v1/entries/${sha256('own')}`);
      expect(await read.text()).toBe(`of ${TENANTS[index]}`);
    }
  });
});

describe('a pull request', () => {
  let pull: string;
  beforeEach(async () => {
    pull = await cache.token({ scope: 'pr-17' });
  });

  it('reads what main wrote, and cannot replace, hide or take it out', async () => {
    expect(await (await get(pull)).text()).toBe('an artefact');
    expect((await cache.put(pull, KEY, EVIL)).status).toBe(409);
    const report = postJson({ digest: sha256(BODY), reason: 'x' });
    expect((await cache.request(pull, `${path}/quarantine`, report)).status).toBe(404);
    for (const token of [pull, main]) expect(await (await get(token)).text()).toBe('an artefact');
  });

  it('poisons nobody by writing first: only its own scope reads it', async () => {
    const key = sha256('not yet compiled');
    const at = `/v1/entries/${key}`;
    expect((await cache.put(pull, key, EVIL)).status).toBe(201);
    const other = await cache.token({ scope: 'pr-18' });
    for (const token of [main, other]) expect((await get(token, at)).status).toBe(404);
    expect(await (await get(pull, at)).text()).toBe(EVIL.toString());
    expect((await cache.put(main, key, BODY)).status).toBe(201);
    expect(await (await get(pull, at)).text()).toBe('an artefact');
  });

  it('moves no profile of main, and holds no lease against it', async () => {
    const point = (token: string, key: string, body: Buffer) =>
      cache.request(token, `/v1/profiles/${sha256('p')}`, {
        method: 'PUT',
        body: JSON.stringify({ key, digest: sha256(body) }),
      });
    await cache.put(pull, sha256('evil'), EVIL);
    expect((await point(pull, sha256('evil'), EVIL)).status).toBe(204);
    expect((await get(main, `/v1/profiles/${sha256('p')}`)).status).toBe(404);
    await point(main, KEY, BODY);
    for (const token of [main, pull]) {
      expect(await (await get(token, `/v1/profiles/${sha256('p')}`)).text()).toBe('an artefact');
    }
    const lease = (holder: string) => postJson({ seconds: 600, holder: holder.repeat(16) });
    expect((await cache.request(pull, `/v1/leases/${KEY}`, lease('a'))).status).toBe(201);
    expect((await cache.request(main, `/v1/leases/${KEY}`, lease('b'))).status).toBe(201);
  });

  it('cannot even point its profile to what only another pull request has', async () => {
    const other = await cache.token({ scope: 'pr-18' });
    await cache.put(other, sha256('evil'), EVIL);
    const body = JSON.stringify({ key: sha256('evil'), digest: sha256(EVIL) });
    const pointed = await cache.request(pull, `/v1/profiles/${KEY}`, { method: 'PUT', body });
    expect(pointed.status).toBe(404);
  });
});

describe('a token', () => {
  const forms = (token: string): readonly (readonly [string, string | null])[] => [
    ['none', null],
    ['empty', ''],
    ['another scheme', `Digest ${token}`],
    ['no scheme', token],
    ['cut', `Bearer ${token.slice(0, -1)}`],
    ['longer', `Bearer ${token}0`],
    ['of another secret', `Bearer ${token.slice(0, 22)}${'0'.repeat(64)}`],
    ['of another id', `Bearer mith_${'0'.repeat(16)}_${token.slice(22)}`],
    ['upper case', `Bearer ${token.toUpperCase()}`],
    ['twice', `Bearer ${token}, Bearer ${token}`],
    ['Basic without a password', `Basic ${Buffer.from(token).toString('base64').slice(0, 40)}`],
  ];

  it('in any wrong form opens nothing, and always gets the same answer', async () => {
    const answers = new Set<string>();
    for (const [name, header] of forms(main)) {
      const headers: Record<string, string> = header === null ? {} : { Authorization: header };
      const response = await cache.request(null, path, { headers });
      expect([name, response.status]).toEqual([name, 401]);
      answers.add(JSON.stringify(await seen(response)));
    }
    expect(answers.size).toBe(1);
  });

  it('works as Basic password under any user name', async () => {
    const value = Buffer.from(`anybody:${main}`).toString('base64');
    const headers = { Authorization: `Basic ${value}` };
    expect((await cache.request(null, path, { headers })).status).toBe(200);
  });

  it('ends by its time, to the millisecond', async () => {
    const short = await cache.token({ ttlMs: 1_000 });
    cache.clock.advance(999);
    expect((await get(short)).status).toBe(200);
    cache.clock.advance(1);
    expect((await get(short)).status).toBe(401);
  });

  it('in a URL is refused, also beside a valid one, and appears in no log', async () => {
    const secret = main.split('_')[2] ?? '';
    for (const at of [`${path}?token=${main}`, `/v1/entries/${main}`, `${path}?x=${main}`]) {
      for (const token of [null, main]) expect((await get(token, at)).status).toBe(400);
    }
    expect(JSON.stringify([cache.log.lines, cache.audit.lines])).not.toContain(secret);
  });

  it('that only reads changes nothing', async () => {
    const reader = await cache.token({ right: 'read' });
    const key = sha256('by a reader');
    expect((await cache.put(reader, key, BODY)).status).toBe(403);
    const calls: readonly (readonly [string, RequestInit])[] = [
      [
        `/v1/profiles/${KEY}`,
        { method: 'PUT', body: JSON.stringify({ key: KEY, digest: sha256(BODY) }) },
      ],
      [`${path}/quarantine`, postJson({ digest: sha256(BODY), reason: 'x' })],
      [`/v1/leases/${KEY}`, postJson({ seconds: 1, holder: 'a'.repeat(16) })],
      [`/v1/leases/${KEY}`, { method: 'DELETE', body: JSON.stringify({ holder: 'a'.repeat(16) }) }],
    ];
    for (const [at, init] of calls)
      expect((await cache.request(reader, at, init)).status).toBe(403);
    expect((await get(reader)).status).toBe(200);
    expect((await get(reader, `/v1/entries/${key}`)).status).toBe(404);
  });

  it('is slowed down by itself, and no other with it', async () => {
    const slow = await cache.token({ rate: 5 });
    const statuses = await Promise.all(Array.from({ length: 12 }, () => get(slow)));
    expect(statuses.filter(({ status }) => status === 200)).toHaveLength(10);
    const refused = statuses.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect((await get(main)).status).toBe(200);
    cache.clock.advance(1_000);
    expect((await get(slow)).status).toBe(200);
  });

  it('is never kept as it is', async () => {
    const rows = await cache.context.table.readBefore(TOKENS_PARTITION, '\uffff', 10);
    expect(rows).not.toHaveLength(0);
    expect(JSON.stringify(rows)).not.toContain(main.split('_')[2]);
  });
});

describe('a signature', () => {
  it('must be there, and be one', async () => {
    const key = sha256('unsigned');
    const { 'Mithril-Signature': _, ...headers }: Record<string, string> = cache.signer.headers({
      key,
      body: BODY,
    });
    const put = (more: Record<string, string>) =>
      cache.request(main, `/v1/entries/${key}`, {
        method: 'PUT',
        body: BODY,
        headers: { ...headers, ...more },
      });
    expect(await (await put({})).json()).toMatchObject({ error: { code: 'unsigned' } });
    for (const signature of ['', 'x', `${'0'.repeat(16)}:`, `${'0'.repeat(16)}:AAAA`]) {
      expect((await put({ 'Mithril-Signature': signature })).status).toBe(400);
    }
  });

  it('must be of a pinned key, over this very entry, where keys are pinned', async () => {
    const signer = newSigner();
    const pinned = openCacheFixture({ publicKeys: [signer.publicKey] });
    const token = await pinned.token();
    const put = async (entry: Parameters<typeof signer.headers>[0], by = signer) => {
      const headers = by.headers(entry);
      const key = sha256('pinned');
      const body = BODY;
      const digest = { 'Mithril-Digest': sha256(BODY), 'Content-Length': String(BODY.length) };
      return pinned.request(token, `/v1/entries/${key}`, {
        method: 'PUT',
        body,
        headers: { ...headers, ...digest },
      });
    };
    const key = sha256('pinned');
    const refused = [
      await put({ key, body: BODY }, newSigner()),
      await put({ key: sha256('another key'), body: BODY }),
      await put({ key, body: EVIL }),
      await put({ key, body: BODY, namespace: 'other' }),
    ];
    for (const response of refused) {
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_signature' } });
    }
    expect((await put({ key, body: BODY })).status).toBe(201);
  });
});

it('a row that was altered is a miss or another body, never a fault, and can be written again', async () => {
  const key = { pk: entryPartition({ namespace: 'team', scope: 'main' }, 'native'), sk: KEY };
  const alter = async (change: Record<string, string | number>) => {
    const entry = await cache.context.table.read(key);
    if (entry === null) throw new Error('expected a row');
    await cache.context.table.write({
      key,
      body: { ...entry.body, ...change },
      expect: entry.version,
    });
  };
  for (const change of [
    { digest: sha256('a blob that is not there') },
    { bytes: 5 },
    { digest: '../../../../etc/passwd' },
    { digest: 'x', bytes: -1 },
    { surprise: 1 },
  ]) {
    await alter(change);
    expect((await get(main)).status).toBe(404);
    expect((await cache.put(main, KEY, BODY)).status).toBe(201);
    expect(await (await get(main)).text()).toBe('an artefact');
  }
});

it('names that are no keys lead nowhere', async () => {
  const hostile = [
    '../../table/data.mdb',
    '..%2f..%2ftable%2fdata.mdb',
    '%2e%2e%2f%2e%2e',
    '%00',
    `${KEY}%00`,
    `${KEY}/`,
    `${KEY}/..`,
    KEY.toUpperCase(),
    `${KEY.slice(1)}ü`,
    'a'.repeat(10_000),
    '__proto__',
    'constructor',
    ...Array.from({ length: 500 }, () => encodeURIComponent(randomBytes(20).toString('latin1'))),
  ];
  for (const name of hostile) {
    const read = await get(main, `/v1/entries/${name}`);
    expect([name, read.status]).toEqual([name, 404]);
    const written = await cache.request(main, `/v1/entries/${name}`, {
      method: 'PUT',
      body: BODY,
      headers: cache.signer.headers({ key: KEY, body: BODY }),
    });
    expect([name, written.status]).toEqual([name, 404]);
  }
});

it('questions without bound are refused', async () => {
  const ask = async (at: string, body: unknown) =>
    (await cache.request(main, at, postJson(body))).status;
  expect(await ask('/v1/lookup', { keys: Array.from({ length: 257 }, () => KEY) })).toBe(400);
  const events = Array.from({ length: 257 }, () => ({ kind: 'hit' }));
  expect(await ask('/v1/events', { events })).toBe(400);
  expect(await ask('/v1/events', { events: [{ kind: 'hit', secondsSaved: 1e300 }] })).toBe(400);
  const factors = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`f${index}`, 'x']));
  expect(await ask('/v1/explain', { factors })).toBe(400);
  expect(await ask(`/v1/leases/${KEY}`, { seconds: 601, holder: 'a'.repeat(16) })).toBe(400);
  expect(await ask('/v1/lookup', { keys: [KEY], padding: 'x'.repeat(300_000) })).toBe(413);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const nested = await cache.request(main, '/v1/lookup', { method: 'POST', body: deep });
  expect(nested.status).toBe(400);
});

it('each change leaves one line that says who made it', async () => {
  const reports = cache.audit.lines.length;
  const pull = await cache.token({ scope: 'pr-17' });
  await cache.put(pull, sha256('a'), BODY);
  await cache.put(pull, KEY, EVIL);
  await cache.request(
    main,
    `${path}/quarantine`,
    postJson({ digest: sha256(BODY), reason: 'SIGILL' }),
  );
  expect(cache.audit.lines.slice(reports)).toMatchObject([
    { event: 'cache-put', fields: { namespace: 'team', scope: 'pr-17', result: 'created' } },
    { event: 'cache-put', fields: { scope: 'pr-17', result: 'conflict', digest: sha256(EVIL) } },
    { event: 'cache-quarantine', fields: { scope: 'main', reason: 'SIGILL' } },
  ]);
  for (const { fields } of cache.audit.lines) {
    expect(fields['tokenId']).toMatch(/^[0-9a-f]{16}$/u);
  }
});
