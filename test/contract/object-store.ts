import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ListedVersion,
  type ObjectReference,
  type ObjectStore,
  ObjectStoreError,
} from '../../shared/ports/object-store.ts';

export interface ObjectStoreHost {
  readonly objects: ObjectStore;
  /** Exists, and is empty but for what these tests write. */
  readonly bucket: string;
  readonly isVersioned: boolean;
  /** The store keeps a full-object CRC32 of what it is given. */
  readonly hasChecksum: boolean;
  close(): Promise<void>;
}

const WRITERS = 16;
const IF_ABSENT = { ifAbsent: true };
const OVERWRITE = { ifAbsent: false };

/** Keys that S3 takes. Each must come back as it was, as one object beside the others. */
export const HOSTILE_KEYS: readonly string[] = [
  'plain/step-1/model.safetensors',
  '../outside',
  'a/../b',
  './dot',
  'dir//double',
  'trailing/',
  '%2e%2e%2fencoded',
  'plus+and space',
  'percent %20 and %25',
  'new\nline',
  'tab\tand\u0001control',
  'separator\u2028inside',
  'umlaut-ü-日本語-😀',
  'quote"<&>\'back\\slash',
  'UPPER/lower',
  'upper/LOWER',
  'query?x=1#fragment',
  'con', // a device name on another system
  'k'.repeat(1_024),
  `${'ü'.repeat(511)}.x`,
];

/** The behaviour that every `ObjectStore` has. */
export function describeObjectStore(
  name: string,
  open: () => Promise<ObjectStoreHost>,
  keys: readonly string[] = HOSTILE_KEYS,
): void {
  describe(`object store: ${name}`, () => {
    let host: ObjectStoreHost;
    beforeAll(async () => {
      host = await open();
    });
    afterAll(async () => host?.close());
    const at = (key: string): ObjectReference => ({ bucket: host.bucket, key });

    describeReading(() => host, at);
    describeWriting(() => host, at);
    describeListing(() => host, at);
    describeKeys(() => host, at, keys);
  });
}

type Host = () => ObjectStoreHost;
type At = (key: string) => ObjectReference;

function describeReading(host: Host, at: At): void {
  it('gives back exactly the bytes of a range', async () => {
    const bytes = randomBytes(300_000);
    const written = await host().objects.write(at('read/range'), bytes, IF_ABSENT);
    if (written.kind !== 'created') throw new Error('expected a new object');
    const reference = { ...at('read/range'), etag: written.etag, versionId: written.versionId };
    for (const [offset, length] of [
      [0, 300_000],
      [0, 1],
      [299_999, 1],
      [65_535, 131_073],
    ] as const) {
      const read = await host().objects.read(reference, { offset, length });
      expect(read.kind).toBe('read');
      const expected = bytes.subarray(offset, offset + length);
      expect(read.kind === 'read' && read.bytes.equals(expected)).toBe(true);
    }
  });

  it('reads nothing from an empty object and from an empty range', async () => {
    await host().objects.write(at('read/empty'), Buffer.alloc(0), IF_ABSENT);
    expect(await host().objects.readAll(at('read/empty'), 10)).toEqual({
      kind: 'read',
      bytes: Buffer.alloc(0),
    });
    const none = await host().objects.read(at('read/empty'), { offset: 0, length: 0 });
    expect(none).toEqual({ kind: 'read', bytes: Buffer.alloc(0) });
    const gone = await host().objects.read(at('read/none'), { offset: 0, length: 0 });
    expect(gone).toEqual({ kind: 'absent' });
  });

  it('throws rather than give fewer bytes than asked for', async () => {
    await host().objects.write(at('read/short'), Buffer.from('0123456789'), IF_ABSENT);
    for (const range of [
      { offset: 5, length: 6 },
      { offset: 10, length: 1 },
      { offset: 99, length: 1 },
    ]) {
      const read = host().objects.read(at('read/short'), range);
      await expect(read).rejects.toBeInstanceOf(ObjectStoreError);
    }
  });

  it('refuses a whole object above the bound, and reads it at the bound', async () => {
    await host().objects.write(at('read/whole'), Buffer.from('0123456789'), IF_ABSENT);
    const read = await host().objects.readAll(at('read/whole'), 10);
    expect(read.kind === 'read' && read.bytes.toString()).toBe('0123456789');
    const refused = host().objects.readAll(at('read/whole'), 9);
    await expect(refused).rejects.toMatchObject({ code: 'ObjectTooLarge', retryable: false });
  });

  it('says absent of a key that was never written', async () => {
    expect(await host().objects.head(at('nothing/here'))).toEqual({ kind: 'absent' });
    const read = await host().objects.read(at('nothing/here'), { offset: 0, length: 1 });
    expect(read).toEqual({ kind: 'absent' });
    expect(await host().objects.readAll(at('nothing/here'), 1)).toEqual({ kind: 'absent' });
  });

  it('says changed when the ETag is not the one asked for', async () => {
    const first = await host().objects.write(at('read/changed'), Buffer.from('one'), IF_ABSENT);
    await host().objects.write(at('read/changed'), Buffer.from('two'), OVERWRITE);
    if (first.kind !== 'created') throw new Error('expected a new object');
    const stale = { ...at('read/changed'), etag: first.etag };
    expect(await host().objects.read(stale, { offset: 0, length: 3 })).toEqual({ kind: 'changed' });
    expect(await host().objects.readAll(stale, 3)).toEqual({ kind: 'changed' });
  });

  it('reads an exact version after it was overwritten, where versions are kept', async () => {
    const first = await host().objects.write(at('read/version'), Buffer.from('one'), IF_ABSENT);
    const second = await host().objects.write(at('read/version'), Buffer.from('two'), OVERWRITE);
    if (first.kind !== 'created' || second.kind !== 'created') throw new Error('expected writes');
    expect(first.versionId !== null).toBe(host().isVersioned);
    if (!host().isVersioned) return;
    const old = { ...at('read/version'), versionId: first.versionId, etag: first.etag };
    expect(await host().objects.readAll(old, 3)).toEqual({
      kind: 'read',
      bytes: Buffer.from('one'),
    });
    expect(await host().objects.head(old)).toMatchObject({
      kind: 'found',
      head: { object: { versionId: first.versionId, etag: first.etag, bytes: 3 } },
    });
  });
}

function describeWriting(host: Host, at: At): void {
  it('describes an object by HEAD as it was written', async () => {
    const bytes = Buffer.from('hello');
    const options = { ...IF_ABSENT, contentType: 'text/plain', metadata: { step: '7' } };
    const written = await host().objects.write(at('write/head'), bytes, options);
    if (written.kind !== 'created') throw new Error('expected a new object');
    const found = await host().objects.head(at('write/head'));
    if (found.kind !== 'found') throw new Error('expected an object');
    const { object, metadata, checksum } = found.head;
    expect(object).toMatchObject({
      ...at('write/head'),
      bytes: 5,
      etag: written.etag,
      versionId: written.versionId,
    });
    expect(object.etag).not.toContain('"');
    expect(object.lastModifiedMs % 1_000).toBe(0);
    expect(Math.abs(Date.now() - object.lastModifiedMs)).toBeLessThan(120_000);
    expect(metadata).toEqual({ step: '7' });
    if (!host().hasChecksum) return;
    const value = crc32(bytes).toString(16).padStart(8, '0');
    expect(checksum).toEqual({ algorithm: 'crc32', value });
  });

  it('keeps what is there when a conditional write comes second', async () => {
    await host().objects.write(at('write/once'), Buffer.from('first'), IF_ABSENT);
    const again = await host().objects.write(at('write/once'), Buffer.from('second'), IF_ABSENT);
    expect(again).toEqual({ kind: 'exists' });
    const read = await host().objects.readAll(at('write/once'), 10);
    expect(read.kind === 'read' && read.bytes.toString()).toBe('first');
  });

  it(`lets one of ${WRITERS} conditional writers win`, async () => {
    const bodies = Array.from({ length: WRITERS }, (_, index) => Buffer.from(`writer ${index}`));
    const results = await Promise.all(
      bodies.map((body) => host().objects.write(at('write/race'), body, IF_ABSENT)),
    );
    const winners = results.flatMap((item, index) => (item.kind === 'created' ? [index] : []));
    expect(winners).toHaveLength(1);
    const read = await host().objects.readAll(at('write/race'), 100);
    expect(read).toEqual({ kind: 'read', bytes: bodies[winners[0] ?? -1] });
  });

  it('overwrites without a condition', async () => {
    await host().objects.write(at('write/over'), Buffer.from('first'), OVERWRITE);
    const second = await host().objects.write(at('write/over'), Buffer.from('second'), OVERWRITE);
    expect(second.kind).toBe('created');
    const read = await host().objects.readAll(at('write/over'), 10);
    expect(read.kind === 'read' && read.bytes.toString()).toBe('second');
  });

  it('takes a body of 9 MiB and gives it back', async () => {
    const bytes = randomBytes(9 * 1024 * 1024 + 1);
    await host().objects.write(at('write/large'), bytes, IF_ABSENT);
    const read = await host().objects.readAll(at('write/large'), bytes.length);
    expect(read.kind === 'read' && read.bytes.equals(bytes)).toBe(true);
  });
}

function describeListing(host: Host, at: At): void {
  it('lists every object under a prefix and nothing beside it', async () => {
    for (const key of ['list/a', 'list/b/c', 'list/b/d', 'list2/e', 'lis']) {
      await host().objects.write(at(key), Buffer.from(key), IF_ABSENT);
    }
    const listed = await listAll(host(), 'list/');
    expect(listed.map((item) => item.object.key)).toEqual(['list/a', 'list/b/c', 'list/b/d']);
    expect(listed.every((item) => item.isCurrent)).toBe(true);
    for (const { object } of listed) {
      const found = await host().objects.head(object);
      expect(found).toMatchObject({ kind: 'found', head: { object } });
    }
    expect(await listAll(host(), 'no-such-prefix/')).toEqual([]);
  });

  it('lists old versions as not current, where versions are kept', async () => {
    for (const text of ['one', 'two', 'three']) {
      await host().objects.write(at('versions/key'), Buffer.from(text), OVERWRITE);
    }
    const listed = await listAll(host(), 'versions/');
    expect(listed).toHaveLength(host().isVersioned ? 3 : 1);
    const current = listed.filter((item) => item.isCurrent);
    expect(current.map((item) => item.object.bytes)).toEqual([5]);
    const ids = new Set(listed.map((item) => item.object.versionId));
    expect(ids.size).toBe(listed.length);
  });

  it('goes through more than one page by the cursor', { timeout: 120_000 }, async () => {
    const count = 1_050;
    const keys = Array.from({ length: count }, (_, index) => `pages/${10_000 + index}`);
    for (let start = 0; start < count; start += 50) {
      const part = keys.slice(start, start + 50);
      await Promise.all(
        part.map((key) => host().objects.write(at(key), Buffer.from('x'), IF_ABSENT)),
      );
    }
    const first = await host().objects.listPage(host().bucket, 'pages/', null);
    expect(first.versions.length).toBeLessThanOrEqual(1_000);
    expect(first.cursor).toMatch(/^[\x20-\x7e]+$/u);
    const listed = await listAll(host(), 'pages/');
    expect(listed.map((item) => item.object.key)).toEqual(keys);
  });

  it('refuses a cursor that is not its own', async () => {
    const page = host().objects.listPage(host().bucket, 'list/', 'not a cursor');
    await expect(page).rejects.toMatchObject({ code: 'InvalidCursor', retryable: false });
  });
}

function describeKeys(host: Host, at: At, keys: readonly string[]): void {
  it('keeps hostile keys apart and gives them back unchanged', async () => {
    const name = (key: string): string =>
      (key.length === 1_024 ? key : `keys/${key}`).slice(0, 1_024);
    const named = keys.map((key) => (Buffer.byteLength(key) > 1_000 ? key : name(key)));
    for (const key of named) {
      const written = await host().objects.write(at(key), Buffer.from(key), IF_ABSENT);
      expect([key, written.kind]).toEqual([key, 'created']);
    }
    for (const key of named) {
      const read = await host().objects.readAll(at(key), 2_048);
      expect(read.kind === 'read' && read.bytes.toString()).toBe(key);
      const found = await host().objects.head(at(key));
      expect(found).toMatchObject({
        kind: 'found',
        head: { object: { key } },
      });
    }
    const listed = (await listAll(host(), '')).map((item) => item.object.key);
    expect(listed).toEqual(expect.arrayContaining(named));
  });
}

async function listAll(host: ObjectStoreHost, prefix: string): Promise<ListedVersion[]> {
  const listed: ListedVersion[] = [];
  let cursor: string | null = null;
  do {
    const page = await host.objects.listPage(host.bucket, prefix, cursor);
    listed.push(...page.versions);
    cursor = page.cursor;
  } while (cursor !== null);
  return listed;
}
