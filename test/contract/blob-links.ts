import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobLinks, BlobUpload } from '../../shared/ports/blob-links.ts';
import type { BlobStore } from '../../shared/ports/blob-store.ts';
import { load, referenceTo, store } from './blob-store.ts';

export interface BlobLinksHost {
  readonly blobs: BlobStore;
  /** Links that are made at this time. */
  linksAt(nowMs: number): BlobLinks;
  close(): Promise<void>;
}

/** Just past the 300 seconds of a link. */
const EXPIRED_MS = 302_000;

const statusOf = (url: string, init: RequestInit = {}): Promise<number> =>
  fetch(url, init).then(({ status }) => status);
const altered = (url: string, change: (parts: URL) => void): string => {
  const copy = new URL(url);
  change(copy);
  return copy.href;
};

export function describeBlobLinks(name: string, open: () => Promise<BlobLinksHost>): void {
  describe(`blob links: ${name}`, () => {
    let host: BlobLinksHost;
    let links: BlobLinks;
    beforeAll(async () => {
      host = await open();
      links = host.linksAt(Date.now());
    });
    afterAll(() => host.close());

    it('read one blob, for 300 seconds, and do nothing else', async () => {
      const bytes = randomBytes(5_000);
      const other = await store(host.blobs, randomBytes(10));
      const url = await links.linkToRead(await store(host.blobs, bytes));
      const response = await fetch(url);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('300');
      const elsewhere = altered(url, (parts) => {
        parts.pathname = parts.pathname.replace(/[0-9a-f]{2}\/[0-9a-f]{64}$/u, () => {
          return `${other.digest.slice(0, 2)}/${other.digest}`;
        });
      });
      expect(await statusOf(elsewhere)).toBe(403);
      const longer = altered(url, (parts) => parts.searchParams.set('X-Amz-Expires', '604800'));
      expect(await statusOf(longer)).toBe(403);
      const earlier = altered(url, (parts) =>
        parts.searchParams.set('X-Amz-Date', '20200101T000000Z'),
      );
      expect(await statusOf(earlier)).toBe(403);
      for (const method of ['PUT', 'DELETE']) expect(await statusOf(url, { method })).toBe(403);
    });

    it('write one blob, of that length and digest alone', async () => {
      const bytes = randomBytes(5_000);
      const reference = referenceTo(bytes);
      const { url, headers } = await links.linkToWrite(reference);
      const put = (body: Buffer, own: Record<string, string> = {}) =>
        statusOf(url, { method: 'PUT', body, headers: { ...headers, ...own } });
      const short = bytes.subarray(1);
      expect(await put(short, { 'Content-Length': String(short.length) })).toBe(403);
      const other = referenceTo(randomBytes(5_000));
      const checksum = Buffer.from(other.digest, 'hex').toString('base64');
      expect(await put(bytes, { 'x-amz-checksum-sha256': checksum })).toBe(403);
      expect(await put(randomBytes(5_000))).toBe(400);
      expect(await statusOf(url, { method: 'PUT', body: bytes })).toBe(403);
      expect(await host.blobs.check(reference)).toBe('absent');
      expect(await put(bytes)).toBe(200);
      expect(await host.blobs.check(reference)).toBe('sound');
      const read = await load(host.blobs, reference);
      expect(Buffer.isBuffer(read) && read.equals(bytes)).toBe(true);
      expect(await put(bytes)).toBe(200); // once more within its time: the same bytes
      expect(await host.blobs.check(reference)).toBe('sound');
    });

    it('write for no other namespace, by no other method, and not after their time', async () => {
      const bytes = randomBytes(5_000);
      const reference = referenceTo(bytes);
      const send = ({ url, headers }: BlobUpload, method = 'PUT') =>
        statusOf(url, { method, headers, ...(method === 'PUT' ? { body: bytes } : {}) });
      const upload = await links.linkToWrite(reference);
      const other = { ...reference, namespace: 'others' };
      const url = altered(upload.url, (parts) => {
        parts.pathname = parts.pathname.replace(`/${reference.namespace}/`, '/others/');
      });
      expect(url).not.toBe(upload.url);
      expect(await send({ ...upload, url })).toBe(403);
      for (const method of ['GET', 'DELETE']) expect(await send(upload, method)).toBe(403);
      const early = host.linksAt(Date.now() - EXPIRED_MS);
      expect(await send(await early.linkToWrite(reference))).toBe(403);
      expect(await statusOf(await early.linkToRead(reference))).toBe(403);
      for (const blob of [reference, other]) expect(await host.blobs.check(blob)).toBe('absent');
    });
  });
}
