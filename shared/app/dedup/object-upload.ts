import { createHash } from 'node:crypto';
import { DEDUP_PART_BYTES } from '../../contracts/dedup-limits.ts';
import type { ObjectReference, PartReceipt, WriteResult } from '../../ports/object-store.ts';
import { CheckpointFault } from '../checkpoint/checkpoint-fault.ts';
import { readExactly } from '../checkpoint/read-exactly.ts';
import type { DedupContext } from './context.ts';

type UploadContext = Pick<DedupContext, 'objects' | 'multipart'>;

/**
 * An object that is written piece by piece and appears whole, or not at all. Who comes second finds
 * the object there: it must be the very same bytes, for the work is the same whoever does it.
 */
export class ObjectUpload {
  readonly #context: UploadContext;
  readonly #target: ObjectReference;
  readonly #digest = createHash('sha256');
  readonly #parts: PartReceipt[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #uploadId: string | null = null;

  constructor(context: UploadContext, target: ObjectReference) {
    this.#context = context;
    this.#target = target;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) {
      return;
    }
    this.#digest.update(bytes);
    this.#bytes += bytes.length;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= DEDUP_PART_BYTES) {
      await this.#sendPart();
    }
  }

  /** Makes the object appear. */
  async finish(): Promise<void> {
    const written = await this.#complete();
    if (written.kind === 'exists') {
      await this.#checkStored();
    }
  }

  /** After a failure: parts that nobody completes would be paid for. */
  async abort(): Promise<void> {
    if (this.#uploadId !== null) {
      await this.#context.multipart.abortUpload(this.#target, this.#uploadId);
    }
  }

  async #complete(): Promise<WriteResult> {
    const { objects, multipart } = this.#context;
    if (this.#uploadId === null) {
      return objects.write(this.#target, Buffer.concat(this.#pending), { ifAbsent: true });
    }
    if (this.#pendingBytes > 0) {
      await this.#sendPart();
    }
    const result = await multipart.completeUpload(this.#target, this.#uploadId, this.#parts);
    if (result.kind === 'exists') {
      await this.abort();
    }
    return result;
  }

  async #sendPart(): Promise<void> {
    const { multipart } = this.#context;
    this.#uploadId ??= await multipart.createUpload(this.#target);
    const bytes = Buffer.concat(this.#pending);
    const part = this.#parts.length + 1;
    this.#parts.push(await multipart.uploadPart(this.#target, this.#uploadId, part, bytes));
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  async #checkStored(): Promise<void> {
    const head = await this.#context.objects.head(this.#target);
    if (head.kind !== 'found') {
      throw this.#fault('the object was reported to exist, but is not there', true);
    }
    const stored = head.head.object.bytes;
    if (stored !== this.#bytes) {
      throw this.#fault(`other bytes stand there: ${stored}, not ${this.#bytes}`, false);
    }
    const digest = createHash('sha256');
    for (let offset = 0; offset < stored; offset += DEDUP_PART_BYTES) {
      const length = Math.min(DEDUP_PART_BYTES, stored - offset);
      const read = await readExactly(this.#context.objects, this.#target, { offset, length });
      if (read.kind !== 'read') {
        throw this.#fault('the object went away while it was compared', true);
      }
      digest.update(read.bytes);
    }
    if (!digest.digest().equals(this.#digest.digest())) {
      throw this.#fault('other bytes stand there', false);
    }
  }

  #fault(message: string, retryable: boolean): CheckpointFault {
    const code = retryable ? 'DocumentMissing' : 'Corruption';
    return new CheckpointFault(code, this.#target.key, { message, retryable });
  }
}
