import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { Hono } from 'hono';
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts';
import { createMemoryBlobStore } from '../../shared/adapters/memory/memory-blob-store.ts';
import { MemoryEntryTable } from '../../shared/adapters/memory/memory-entry-table.ts';
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts';
import type { CacheContext, NamespacePolicy } from '../../shared/app/cache/context.ts';
import { countStats } from '../../shared/app/cache/count-stats.ts';
import { createStatsRecorder } from '../../shared/app/cache/stats.ts';
import { createToken } from '../../shared/app/cache/tokens.ts';
import { INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { HEADER } from '../../shared/contracts/cache-names.ts';
import { keyIdOf, signedText } from '../../shared/domain/cache/signature.ts';
import type { CacheEnv } from '../../shared/http/cache/answers.ts';
import { createCacheApp } from '../../shared/http/cache/app.ts';
import type { BlobLinks } from '../../shared/ports/blob-links.ts';
import type { BlobReference } from '../../shared/ports/blob-store.ts';

export const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');

/** A writer with a key pair of its own. */
export interface Signer {
  readonly publicKey: string;
  headers(entry: { namespace?: string; key: string; body: Buffer }): Record<string, string>;
}

export const TOOLCHAIN = sha256('toolchain');

export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    publicKey: raw.toString('hex'),
    headers: ({ namespace = 'team', key, body }) => {
      const digest = sha256(body);
      const facts = { namespace, key, digest, bytes: body.length, toolchain: TOOLCHAIN };
      const value = sign(null, Buffer.from(signedText(facts)), privateKey).toString('base64');
      return {
        [HEADER.digest]: digest,
        [HEADER.signature]: `${keyIdOf(raw)}:${value}`,
        [HEADER.toolchain]: TOOLCHAIN,
        [HEADER.compileSeconds]: '12.5',
        'Content-Length': String(body.length),
      };
    },
  };
}

/** Links to a store that is not there, and the blobs that one may write by them. */
export function recordingLinks() {
  const urlOf = ({ namespace, digest }: BlobReference): string =>
    `https://blobs.example/${namespace}/${digest}?signed`;
  const written: BlobReference[] = [];
  return {
    urlOf,
    written,
    linkToRead: async (reference: BlobReference) => urlOf(reference),
    linkToWrite: async (reference: BlobReference) => {
      written.push(reference);
      return { url: urlOf(reference), headers: { 'Content-Length': String(reference.bytes) } };
    },
  };
}

export interface CacheFixture {
  readonly app: Hono<CacheEnv>;
  readonly context: CacheContext;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly audit: MemoryLog;
  readonly signer: Signer;
  token(options?: TokenOptions): Promise<string>;
  request(token: string | null, path: string, init?: RequestInit): Promise<Response>;
  put(
    token: string,
    key: string,
    body: Buffer,
    headers?: Record<string, string>,
  ): Promise<Response>;
}

export interface TokenOptions {
  readonly namespace?: string;
  readonly scope?: string;
  readonly right?: 'read' | 'write';
  readonly ttlMs?: number;
  readonly rate?: number;
}

export const ENTRY_BYTES_MAX = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;

interface FixtureOptions extends Partial<NamespacePolicy> {
  readonly bodyIdleMs?: number;
  readonly links?: BlobLinks | null;
}

/** The app on memory adapters, and a hand to speak to it. */
export function openCacheFixture({
  bodyIdleMs = 1_000,
  links = null,
  ...policy
}: FixtureOptions = {}): CacheFixture {
  const clock = new ManualClock(Date.UTC(2026, 10, 25));
  const table = new MemoryEntryTable();
  const log = new MemoryLog();
  const audit = new MemoryLog();
  const signer = newSigner();
  const context: CacheContext = {
    table,
    blobs: createMemoryBlobStore(() => clock.nowMs()),
    links,
    clock,
    log,
    audit,
    stats: countStats(createStatsRecorder(table, clock), log),
    settings: {
      version: 'test',
      entryBytesMax: ENTRY_BYTES_MAX,
      inlineBytesMax: INLINE_BYTES_MAX,
      bodyIdleMs,
      policyOf: () => ({ publicKeys: [], quotaBytes: 1e12, ttlMs: 30 * DAY_MS, ...policy }),
    },
    background: (work) => void work(),
  };
  const app = createCacheApp(context);
  const request: CacheFixture['request'] = async (token, path, init = {}) => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('Authorization', `Bearer ${token}`);
    return app.request(path, { ...init, headers });
  };
  return {
    app,
    context,
    clock,
    log,
    audit,
    signer,
    request,
    token: async ({ namespace = 'team', scope = 'main', right = 'write', ...rest } = {}) => {
      const { ttlMs = DAY_MS, rate = 10_000 } = rest;
      const nowMs = clock.nowMs();
      const made = { namespace, scope, right, rate, note: '', ttlMs, nowMs, randomBytes };
      return (await createToken(table, made)).token;
    },
    put: (token, key, body, headers = {}) =>
      request(token, `/v1/entries/${key}`, {
        method: 'PUT',
        body,
        headers: { ...signer.headers({ key, body }), ...headers },
      }),
  };
}

export const postJson = (body: unknown): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
});
