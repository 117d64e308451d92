import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ObjectChecksum, ObjectVersion } from '../../contracts/checkpoint-object.ts';
import type { ObjectHead, ObjectReference } from '../../ports/object-store.ts';

export interface MemoryBucketSettings {
  readonly isVersioned: boolean;
  /** Whether uploads carry a full-object CRC32, which the store then keeps. */
  readonly hasChecksum: boolean;
}

export interface StoredVersion {
  readonly head: ObjectHead;
  bytes: Buffer;
  readonly isDeleteMarker: boolean;
}

export const etagOf = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

const MS_PER_SECOND = 1_000;

const checksumOf = (bytes: Buffer): ObjectChecksum => ({
  algorithm: 'crc32',
  value: crc32(bytes).toString(16).padStart(8, '0'),
});

/** One bucket: every key has its versions, the newest last. S3 keeps modification in seconds. */
export class MemoryBucket {
  readonly settings: MemoryBucketSettings;
  readonly #name: string;
  readonly #keys = new Map<string, StoredVersion[]>();
  #versionCount = 0;

  constructor(name: string, settings: MemoryBucketSettings) {
    this.#name = name;
    this.settings = settings;
  }

  current(key: string): StoredVersion | null {
    const newest = this.#keys.get(key)?.at(-1);
    return newest === undefined || newest.isDeleteMarker ? null : newest;
  }

  find({ key, versionId }: ObjectReference): StoredVersion | null {
    if (versionId === undefined || versionId === null) {
      return this.current(key);
    }
    const found = this.#keys
      .get(key)
      ?.find((version) => version.head.object.versionId === versionId);
    return found === undefined || found.isDeleteMarker ? null : found;
  }

  put(
    key: string,
    content: { readonly bytes: Buffer; readonly etag: string },
    metadata: Readonly<Record<string, string>>,
    nowMs: number,
  ): ObjectVersion {
    const { bytes, etag } = content;
    const object: ObjectVersion = {
      bucket: this.#name,
      key,
      versionId: this.#nextVersion(),
      etag,
      bytes: bytes.length,
      lastModifiedMs: Math.floor(nowMs / MS_PER_SECOND) * MS_PER_SECOND,
    };
    const checksum = this.settings.hasChecksum ? checksumOf(bytes) : null;
    this.#push(key, { head: { object, checksum, metadata }, bytes, isDeleteMarker: false });
    return object;
  }

  /** As a DELETE without a version: a marker where versions are kept, else it is gone. */
  remove(key: string, nowMs: number): void {
    if (!this.settings.isVersioned) {
      this.#keys.delete(key);
      return;
    }
    const object: ObjectVersion = {
      bucket: this.#name,
      key,
      versionId: this.#nextVersion(),
      etag: 'marker',
      bytes: 0,
      lastModifiedMs: nowMs,
    };
    const head = { object, checksum: null, metadata: {} };
    this.#push(key, { head, bytes: Buffer.alloc(0), isDeleteMarker: true });
  }

  removeVersion(key: string, versionId: string): void {
    const versions = this.#keys.get(key) ?? [];
    const kept = versions.filter((version) => version.head.object.versionId !== versionId);
    if (kept.length === 0) {
      this.#keys.delete(key);
    } else {
      this.#keys.set(key, kept);
    }
  }

  /** In byte order of the keys, each key's newest version first, as S3 lists them. */
  list(
    prefix: string,
  ): readonly { readonly version: StoredVersion; readonly isCurrent: boolean }[] {
    return [...this.#keys.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
      .flatMap((key) => {
        const versions = this.#keys.get(key) ?? [];
        return versions
          .map((version, index) => ({ version, isCurrent: index === versions.length - 1 }))
          .reverse()
          .filter(({ version }) => !version.isDeleteMarker);
      });
  }

  #nextVersion(): string | null {
    this.#versionCount += 1;
    return this.settings.isVersioned ? `v${this.#versionCount}` : null;
  }

  #push(key: string, version: StoredVersion): void {
    const versions = this.settings.isVersioned ? (this.#keys.get(key) ?? []) : [];
    this.#keys.set(key, [...versions, version]);
  }
}
