import type { BaseReference } from '../../contracts/checkpoint-documents.ts';
import { WINDOW_BYTES } from '../../contracts/limits.ts';
import { groupSpans } from '../../domain/checkpoint/segments.ts';
import type { BaseBytes } from '../../ports/codec.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { type OpenCheckpoint, openCheckpoint } from './open-checkpoint.ts';
import { readExactly } from './read-exactly.ts';

type SourceContext = Pick<CheckpointContext, 'objects' | 'codec' | 'settings'>;

const RANGE_GAP_MAX = 1024 * 1024;
/** A probe asks for many small ranges; all that is read is held in any case. */
const READS_CONCURRENT = 8;

/**
 * Bytes of a base for encoding: from its original while that exact version exists, after that by
 * decoding its compressed form. `null` where neither can be had: then nothing refers to it.
 */
export class BaseSource {
  readonly #context: SourceContext;
  readonly #base: BaseReference;
  #isOriginalThere = true;
  #opened: Promise<OpenCheckpoint> | null = null;

  constructor(context: SourceContext, base: BaseReference) {
    this.#context = context;
    this.#base = base;
  }

  async read(ranges: readonly ByteRange[]): Promise<BaseBytes | null> {
    const original = this.#isOriginalThere ? await this.#readOriginal(ranges) : null;
    if (original !== null) {
      return { ranges, bytes: original };
    }
    this.#isOriginalThere = false;
    const decoded = await this.#readCompressed(ranges);
    return decoded === null ? null : { ranges, bytes: decoded };
  }

  async #readOriginal(ranges: readonly ByteRange[]): Promise<Buffer | null> {
    const { bucket, key, versionId, etag } = this.#base.object;
    const groups = groupSpans(ranges, RANGE_GAP_MAX, WINDOW_BYTES);
    const reference = { bucket, key, versionId, etag };
    const results = await mapConcurrently(groups, READS_CONCURRENT, (group) =>
      readExactly(this.#context.objects, reference, group),
    );
    const pieces: Buffer[] = [];
    for (const [index, result] of results.entries()) {
      if (result.kind !== 'read') {
        return null;
      }
      const group = groups[index];
      for (const member of group?.members ?? []) {
        const start = member.offset - (group?.offset ?? 0);
        pieces.push(result.bytes.subarray(start, start + member.length));
      }
    }
    return Buffer.concat(pieces);
  }

  async #readCompressed(ranges: readonly ByteRange[]): Promise<Buffer | null> {
    try {
      this.#opened ??= openCheckpoint(this.#context, this.#base);
      const checkpoint = await this.#opened;
      return await checkpoint.readRanges(ranges);
    } catch (error) {
      this.#opened = null;
      if (isDamage(error)) {
        return null;
      }
      throw error;
    }
  }
}
