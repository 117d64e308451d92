import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../../cli/cache/server.ts';
import { createFsBlobStore } from '../../shared/adapters/fs/fs-blob-store.ts';
import { createZstdStreams } from '../../shared/adapters/zstd/zstd-streams.ts';
import type { CacheContext } from '../../shared/app/cache/context.ts';
import { ENTRY_BYTES_MAX, openCacheFixture, sha256 } from './cache-fixture.ts';

const MIB = 1024 * 1024;
const memory = openCacheFixture();
let root: string;
let server: Listening;
let token: string;
let context: CacheContext;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'mithril-server-'));
  const blobs = createFsBlobStore(root, createZstdStreams());
  const settings = { ...memory.context.settings, bodyIdleMs: 300 };
  context = { ...memory.context, blobs, settings };
  server = await listen(context, { host: '127.0.0.1', port: 0, tls: null, allowPlainHttp: false });
  token = await memory.token();
});
afterAll(async () => {
  await server?.close();
  await rm(root, { recursive: true, force: true });
});

const send = (path: string, init: RequestInit = {}): Promise<Response> => {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${token}`);
  return fetch(`${server.url}${path}`, { ...init, headers });
};
const put = (key: string, body: Buffer): Promise<Response> =>
  send(`/v1/entries/${key}`, {
    method: 'PUT',
    body,
    headers: memory.signer.headers({ key, body }),
  });
const temporaries = (): Promise<string[]> => readdir(join(root, 'tmp'));

/** Speaks HTTP by hand: what no proper client does. Gives what came back until the end. */
function sendRaw(text: string, body: Buffer, end: 'wait' | 'reset'): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((done) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => done(answer));
    socket.write(text);
    socket.write(body, () => {
      if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
    });
  });
}

const rawPut = (key: string, headers: Record<string, string>): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const all = [`PUT /v1/entries/${key} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`];
  return `${[...all, ...lines].join('\r\n')}\r\n\r\n`;
};

describe('bodies', () => {
  it.each([0, 1, 65_536, MIB, MIB + 1, ENTRY_BYTES_MAX])(
    'of %i bytes of noise and of text come back as they were sent',
    async (bytes) => {
      for (const body of [randomBytes(bytes), Buffer.alloc(bytes, 'some text, ')]) {
        const key = sha256(randomBytes(8));
        expect((await put(key, body)).status).toBe(201);
        const read = await send(`/v1/entries/${key}`);
        expect(read.headers.get('content-length')).toBe(String(bytes));
        expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
        const head = await send(`/v1/entries/${key}`, { method: 'HEAD' });
        expect(head.headers.get('content-length')).toBe(String(bytes));
      }
    },
  );

  it('above the limit are refused by what they say, before they are sent', async () => {
    const key = sha256('large');
    const headers = {
      ...memory.signer.headers({ key, body: Buffer.from('x') }),
      'Content-Length': String(ENTRY_BYTES_MAX + 1),
      Connection: 'close',
    };
    expect(await sendRaw(rawPut(key, headers), Buffer.alloc(0), 'wait')).toMatch(/^HTTP\/1.1 413/u);
  });

  it('without a length, or with a coding, are refused', async () => {
    const key = sha256('chunked');
    const headers: Record<string, string> = memory.signer.headers({ key, body: Buffer.from('x') });
    const { 'Content-Length': _, ...chunked } = headers;
    const answer = await new Promise<number | undefined>((done) => {
      const request = httpRequest(`${server.url}/v1/entries/${key}`, {
        method: 'PUT',
        headers: { ...chunked, Authorization: `Bearer ${token}`, 'Transfer-Encoding': 'chunked' },
      });
      request.on('response', (response) => done(response.statusCode));
      request.end('x');
    });
    expect(answer).toBe(411);
    const coded = await send(`/v1/entries/${key}`, {
      method: 'PUT',
      body: 'x',
      headers: { ...headers, 'Content-Encoding': 'gzip' },
    });
    expect(coded.status).toBe(415);
  });

  it('that pause too long are ended with 408, and leave nothing', async () => {
    const key = sha256('slow');
    const headers = memory.signer.headers({ key, body: randomBytes(MIB) });
    const answer = await sendRaw(rawPut(key, headers), randomBytes(1_000), 'wait');
    expect(answer).toMatch(/^HTTP\/1.1 408[\s\S]*slow_body/u);
    expect(await temporaries()).toEqual([]);
    expect((await send(`/v1/entries/${key}`)).status).toBe(404);
  });

  it('whose sender goes away are no entries, and leave nothing', async () => {
    const key = sha256('aborted');
    const body = randomBytes(4 * MIB);
    const text = rawPut(key, memory.signer.headers({ key, body }));
    await sendRaw(text, body.subarray(0, 3 * MIB), 'reset');
    await expect.poll(temporaries).toEqual([]);
    expect((await send(`/v1/entries/${key}`)).status).toBe(404);
    expect((await put(key, body)).status).toBe(201);
  });

  it('that are another request behind their end do not become part of it', async () => {
    const key = sha256('smuggled');
    const headers = { ...memory.signer.headers({ key, body: Buffer.from('x') }) };
    const hidden = `xGET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(rawPut(key, headers), Buffer.from(hidden), 'wait');
    expect(answer.match(/HTTP\/1.1 \d+/gu)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 200']);
    expect(await (await send(`/v1/entries/${key}`)).text()).toBe('x');
    const both = { ...headers, 'Transfer-Encoding': 'chunked', Connection: 'close' };
    const refused = await sendRaw(rawPut(sha256('both'), both), Buffer.from('0\r\n\r\n'), 'wait');
    expect(refused).toMatch(/^HTTP\/1.1 400/u);
  });
});

describe('a blob that was altered on the disk', () => {
  it.each([1_000, 2 * MIB, 2 * MIB + 1])(
    'of %i bytes is never given whole, then a miss, then written again',
    async (bytes) => {
      const key = sha256(`altered ${bytes}`);
      const body = randomBytes(bytes);
      await put(key, body);
      const digest = sha256(body);
      const file = join(root, 'team', digest.slice(0, 2), digest);
      const altered = await readFile(file);
      altered[0] = (altered[0] ?? 0) ^ 1;
      await writeFile(file, altered);
      const first = await send(`/v1/entries/${key}`)
        .then(async (response) => ({
          status: response.status,
          bytes: (await response.arrayBuffer()).byteLength,
        }))
        .catch(() => null);
      expect(first === null || first.status === 404).toBe(true);
      expect((await send(`/v1/entries/${key}`)).status).toBe(404);
      expect((await put(key, body)).status).toBe(201);
      const read = await send(`/v1/entries/${key}`);
      expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    },
  );
});

it('keeps identical bodies of many keys once, and close to their size', async () => {
  const noise = randomBytes(MIB);
  for (let index = 0; index < 5; index += 1) await put(sha256(`same ${index}`), noise);
  const digest = sha256(noise);
  const names = await readdir(join(root, 'team', digest.slice(0, 2)));
  expect(names.filter((name) => name.startsWith(digest))).toEqual([digest]);
});

it('takes many large bodies at once', async () => {
  const bodies = Array.from({ length: 16 }, () => randomBytes(3 * MIB));
  const statuses = await Promise.all(bodies.map((body) => put(sha256(body), body)));
  expect(statuses.every(({ status }) => status === 201)).toBe(true);
  const read = await Promise.all(
    bodies.map(async (body) => {
      const response = await send(`/v1/entries/${sha256(body)}`);
      return Buffer.from(await response.arrayBuffer()).equals(body);
    }),
  );
  expect(read.every(Boolean)).toBe(true);
});

it('does not listen beyond loopback without TLS, unless it is told to', async () => {
  const open = { host: '0.0.0.0', port: 0, tls: null };
  await expect(listen(context, { ...open, allowPlainHttp: false })).rejects.toThrow(/unprotected/u);
});
