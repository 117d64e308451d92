import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobLinks } from '../../shared/ports/blob-links.ts';
import type { BlobStore } from '../../shared/ports/blob-store.ts';
import { load, referenceTo, store } from './blob-store.ts';

export interface BlobLinksHost {
  readonly blobs: BlobStore;
  readonly links: BlobLinks;
  close(): Promise<void>;
}

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
    beforeAll(async () => {
      host = await open();
    });
    afterAll(() => host.close());

    it('read one blob, for 300 seconds, and do nothing else', async () => {
      const bytes = randomBytes(5_000);
      const other = await store(host.blobs, randomBytes(10));
      const url = await host.links.linkToRead(await store(host.blobs, bytes));
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
      const { url, headers } = await host.links.linkToWrite(reference);
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
    });
  });
}
