import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MultipartStore, VersionRetirer } from '../../shared/ports/object-store.ts';
import type { ObjectStoreHost } from './object-store.ts';

export interface MultipartHost extends ObjectStoreHost {
  readonly multipart: MultipartStore;
  readonly retirer: VersionRetirer | null;
}

/** S3 takes no smaller part but the last. */
const PART_BYTES = 5 * 1024 * 1024;

/** The behaviour that every `MultipartStore` has, seen through the `ObjectStore` beside it. */
export function describeMultipartStore(name: string, open: () => Promise<MultipartHost>): void {
  describe(`multipart store: ${name}`, () => {
    let host: MultipartHost;
    beforeAll(async () => {
      host = await open();
    });
    afterAll(async () => host?.close());
    describeUploads(() => host);
    describeConditions(() => host);
    describeRetiring(() => host);
  });
}

function describeUploads(host: () => MultipartHost): void {
  const target = (key: string) => ({ bucket: host().bucket, key });

  it('joins parts in their order, whatever the order of their upload', async () => {
    const { multipart, objects } = host();
    const parts = [randomBytes(PART_BYTES), randomBytes(PART_BYTES), randomBytes(1_234)];
    const upload = await multipart.createUpload(target('parts/joined'));
    const receipts = [];
    for (const index of [2, 0, 1]) {
      const bytes = parts[index] ?? Buffer.alloc(0);
      receipts.push(await multipart.uploadPart(target('parts/joined'), upload, index + 1, bytes));
    }
    receipts.sort((a, b) => a.part - b.part);
    const done = await multipart.completeUpload(target('parts/joined'), upload, receipts);
    expect(done.kind).toBe('created');
    const whole = Buffer.concat(parts);
    const read = await objects.readAll(target('parts/joined'), whole.length);
    expect(read.kind === 'read' && read.bytes.equals(whole)).toBe(true);
    const found = await objects.head(target('parts/joined'));
    if (found.kind !== 'found') throw new Error('expected an object');
    expect(found.head.object.bytes).toBe(whole.length);
    // A checksum of the whole, or none: never one made of the parts' checksums.
    const value = crc32(whole).toString(16).padStart(8, '0');
    expect([null, value]).toContain(found.head.checksum?.value ?? null);
  });

  it('takes the last bytes of a part that was uploaded twice', async () => {
    const { multipart, objects } = host();
    const upload = await multipart.createUpload(target('parts/twice'));
    await multipart.uploadPart(target('parts/twice'), upload, 1, Buffer.from('old'));
    const receipt = await multipart.uploadPart(
      target('parts/twice'),
      upload,
      1,
      Buffer.from('newer'),
    );
    await multipart.completeUpload(target('parts/twice'), upload, [receipt]);
    const read = await objects.readAll(target('parts/twice'), 10);
    expect(read.kind === 'read' && read.bytes.toString()).toBe('newer');
  });
}

function describeConditions(host: () => MultipartHost): void {
  const target = (key: string) => ({ bucket: host().bucket, key });

  it('keeps an object that stands at the target', async () => {
    const { multipart, objects } = host();
    const upload = await multipart.createUpload(target('parts/taken'));
    const receipt = await multipart.uploadPart(target('parts/taken'), upload, 1, Buffer.from('b'));
    await objects.write(target('parts/taken'), Buffer.from('a'), { ifAbsent: true });
    const done = await multipart.completeUpload(target('parts/taken'), upload, [receipt]);
    expect(done).toEqual({ kind: 'exists' });
    const read = await objects.readAll(target('parts/taken'), 10);
    expect(read.kind === 'read' && read.bytes.toString()).toBe('a');
    await multipart.abortUpload(target('parts/taken'), upload);
  });

  it('refuses a list that says other bytes of a part, and writes nothing', async () => {
    const { multipart, objects } = host();
    const upload = await multipart.createUpload(target('parts/other'));
    const receipt = await multipart.uploadPart(target('parts/other'), upload, 1, Buffer.from('a'));
    const other = { ...receipt, crc32: '00000000' };
    const done = multipart.completeUpload(target('parts/other'), upload, [other]);
    await expect(done).rejects.toMatchObject({ retryable: false });
    expect(await objects.head(target('parts/other'))).toEqual({ kind: 'absent' });
    await multipart.abortUpload(target('parts/other'), upload);
  });

  it('completes twice without a fault and without a second object', async () => {
    const { multipart, objects } = host();
    const upload = await multipart.createUpload(target('parts/again'));
    const receipt = await multipart.uploadPart(target('parts/again'), upload, 1, Buffer.from('a'));
    const first = await multipart.completeUpload(target('parts/again'), upload, [receipt]);
    const second = await multipart.completeUpload(target('parts/again'), upload, [receipt]);
    expect(first.kind).toBe('created');
    // S3 remembers a finished upload for a while and gives the first answer again.
    expect([{ kind: 'exists' }, first]).toContainEqual(second);
    const page = await objects.listPage(host().bucket, 'parts/again', null);
    expect(page.versions).toHaveLength(1);
  });

  it('leaves nothing after an abort, and aborts twice without a fault', async () => {
    const { multipart, objects } = host();
    const upload = await multipart.createUpload(target('parts/aborted'));
    const receipt = await multipart.uploadPart(
      target('parts/aborted'),
      upload,
      1,
      Buffer.from('a'),
    );
    await multipart.abortUpload(target('parts/aborted'), upload);
    await multipart.abortUpload(target('parts/aborted'), upload);
    expect(await objects.head(target('parts/aborted'))).toEqual({ kind: 'absent' });
    const late = multipart.completeUpload(target('parts/aborted'), upload, [receipt]);
    await expect(late).rejects.toMatchObject({ code: 'NoSuchUpload' });
  });
}

function describeRetiring(host: () => MultipartHost): void {
  it('retires one exact version and no other, also twice', async () => {
    const { objects, retirer, bucket } = host();
    if (retirer === null) return;
    const target = { bucket, key: 'retire/key' };
    await objects.write(target, Buffer.from('one'), { ifAbsent: true });
    const first = await objects.head(target);
    await objects.write(target, Buffer.from('two'), { ifAbsent: false });
    if (first.kind !== 'found') throw new Error('expected an object');
    const { object } = first.head;
    if (object.versionId === null) throw new Error('expected a version');
    await retirer.deleteVersion({ ...object, versionId: object.versionId });
    await retirer.deleteVersion({ ...object, versionId: object.versionId });
    expect(await objects.head(object)).toEqual({ kind: 'absent' });
    expect(await objects.readAll(object, 10)).toEqual({ kind: 'absent' });
    const kept = await objects.readAll(target, 10);
    expect(kept.kind === 'read' && kept.bytes.toString()).toBe('two');
  });
}
