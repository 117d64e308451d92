import { DEDUP_READ_CONCURRENCY } from '../../contracts/dedup-limits.ts';
import type { StagePiece, StageRun, StageStep } from '../../ports/dedup-stages.ts';
import type { ObjectReference } from '../../ports/object-store.ts';
import { mapConcurrently } from '../checkpoint/map-concurrently.ts';
import { readExactly } from '../checkpoint/read-exactly.ts';
import type { DedupContext } from './context.ts';
import { ObjectUpload } from './object-upload.ts';

type StageContext = Pick<DedupContext, 'objects' | 'multipart' | 'stages'>;

/** A stage and the objects that it works on. */
export interface StageWork {
  /** `{ spec, call }` of native/minhash, module job. */
  readonly request: unknown;
  readonly sources: readonly ObjectReference[];
  /** `isOptional`: without a single byte there is no object. */
  readonly outputs: readonly StageOutput[];
}

export interface StageOutput {
  readonly target: ObjectReference;
  readonly isOptional?: boolean;
}

/** The input, or what an earlier stage wrote, cannot be used: trying again does not help. */
export class StageRefusal extends Error {
  override readonly name = 'StageRefusal';
}

/** What the native side says of inputs that cannot be used. */
const REFUSALS: ReadonlySet<unknown> = new Set(['Corruption', 'InvalidArgument', 'TooManyBadRows']);

/** Runs a stage to its end; its outputs appear when all of them are whole. */
export async function runStage(context: StageContext, work: StageWork): Promise<unknown> {
  const run = context.stages.open(JSON.stringify(work.request));
  const uploads = work.outputs.map(({ target }) => new ObjectUpload(context, target));
  try {
    const summary = await workThrough(run, new PieceReader(context, work.sources), uploads);
    for (const [output, upload] of uploads.entries()) {
      const isLeftOut = work.outputs[output]?.isOptional === true && upload.bytes === 0;
      if (!isLeftOut) await upload.finish();
    }
    return summary;
  } catch (error) {
    run.cancel();
    await Promise.allSettled(uploads.map((upload) => upload.abort()));
    throw error;
  }
}

async function workThrough(
  run: StageRun,
  reader: PieceReader,
  uploads: readonly ObjectUpload[],
): Promise<unknown> {
  let step = await nextStep(run);
  while (step.kind !== 'done') {
    if (step.kind === 'read') {
      step = await nextStep(run, await reader.read(step.pieces, step.next ?? null));
    } else {
      await uploads[step.output]?.append(step.bytes ?? Buffer.alloc(0));
      step = await nextStep(run);
    }
  }
  return JSON.parse(step.summary ?? 'null');
}

async function nextStep(run: StageRun, answer?: Buffer[]): Promise<StageStep> {
  try {
    return await run.step(answer);
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSALS.has(error.code)) {
      throw new StageRefusal(error.message, { cause: error });
    }
    throw error;
  }
}

/** Serves pieces, and begins with the one that will probably be asked for next. */
class PieceReader {
  readonly #context: StageContext;
  readonly #sources: readonly ObjectReference[];
  #ahead: { readonly piece: StagePiece; readonly bytes: Promise<Buffer> } | null = null;

  constructor(context: StageContext, sources: readonly ObjectReference[]) {
    this.#context = context;
    this.#sources = sources;
  }

  async read(pieces: readonly StagePiece[], next: StagePiece | null): Promise<Buffer[]> {
    const [only] = pieces;
    const ahead = this.#ahead;
    this.#ahead = null;
    const isAhead = pieces.length === 1 && only !== undefined && isSame(ahead?.piece, only);
    const bytes =
      isAhead && ahead !== null
        ? [await ahead.bytes]
        : await mapConcurrently(pieces, DEDUP_READ_CONCURRENCY, (piece) => this.#fetch(piece));
    if (next !== null) this.#begin(next);
    return bytes;
  }

  #begin(piece: StagePiece): void {
    const bytes = this.#fetch(piece);
    // Told to whoever asks for the piece; nobody may.
    bytes.catch(() => undefined);
    this.#ahead = { piece, bytes };
  }

  async #fetch({ source, offset, length }: StagePiece): Promise<Buffer> {
    const reference = this.#sources[source];
    if (reference === undefined) throw new Error(`the stage asks for source ${source}`);
    const result = await readExactly(this.#context.objects, reference, { offset, length });
    if (result.kind === 'read') return result.bytes;
    const what = result.kind === 'changed' ? 'was overwritten' : 'is not there any more';
    throw new StageRefusal(`s3://${reference.bucket}/${reference.key} ${what}`);
  }
}

const isSame = (one: StagePiece | undefined, other: StagePiece): boolean =>
  one?.source === other.source && one.offset === other.offset && one.length === other.length;
