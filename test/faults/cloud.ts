import { InProcessWorkflow } from '../../shared/adapters/memory/in-process-workflow.ts';
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts';
import { MemoryEntryTable } from '../../shared/adapters/memory/memory-entry-table.ts';
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts';
import { MemoryObjectStore } from '../../shared/adapters/memory/memory-object-store.ts';
import { createNativeCodec } from '../../shared/adapters/native/native-codec.ts';
import type { CheckpointContext, CheckpointSettings } from '../../shared/app/checkpoint/context.ts';
import { openCheckpoint } from '../../shared/app/checkpoint/open-checkpoint.ts';
import { reconcileCheckpoints } from '../../shared/app/checkpoint/reconcile-checkpoints.ts';
import {
  runCheckpointExecution,
  runRestoreWorkflow,
  type WorkflowHost,
} from '../../shared/app/checkpoint/run-workflow.ts';
import { startCheckpoint } from '../../shared/app/checkpoint/start-checkpoint.ts';
import type { CheckpointRow } from '../../shared/contracts/checkpoint-catalogue.ts';
import { checkpointKey, checkpointRowSchema } from '../../shared/contracts/checkpoint-catalogue.ts';
import type { ReconcileOutput, StartOutput } from '../../shared/contracts/checkpoint-commands.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { DEFAULT_KEY_PATTERN } from '../../shared/contracts/environment.ts';
import type { RestoreFinishOutput } from '../../shared/contracts/restore-states.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import type { Codec } from '../../shared/ports/codec.ts';
import type { Injector } from './injector.ts';
import { injectFaults } from './injector.ts';

export const SOURCE = 'source';
export const STORE = 'store';

const nativeCodec: Codec = createNativeCodec();

export interface CloudOptions {
  readonly isVersioned?: boolean;
  readonly hasChecksum?: boolean;
  readonly injector?: Injector;
  readonly settings?: Partial<CheckpointSettings>;
}

const START_MS = Date.UTC(2026, 0, 1);
const ROUNDS_MAX = 20;
/** Times that a queue delivers a message before it gives up, as SQS with a dead-letter queue. */
const DELIVERIES_MAX = 3;

/** Buckets, catalogue, state machine and queue of one account, in memory. */
export class Cloud {
  readonly clock = new ManualClock(START_MS);
  readonly store: MemoryObjectStore;
  readonly table = new MemoryEntryTable();
  readonly log = new MemoryLog();
  readonly workflow: InProcessWorkflow;
  readonly settings: CheckpointSettings;
  injector: Injector | null;
  /** Changed by tests whose decoder gives wrong bytes. */
  codec: Codec = nativeCodec;
  /** Changed by tests that cut a worker's time. */
  remainingMs: () => number = () => Number.POSITIVE_INFINITY;

  constructor(options: CloudOptions = {}) {
    const { isVersioned = true, hasChecksum = true } = options;
    this.store = new MemoryObjectStore(
      { [SOURCE]: { isVersioned, hasChecksum }, [STORE]: { isVersioned: false, hasChecksum } },
      () => this.clock.nowMs(),
    );
    this.injector = options.injector ?? null;
    this.settings = {
      storeBucket: STORE,
      sourceBucket: SOURCE,
      sourcePrefixes: ['checkpoints/'],
      keyPattern: DEFAULT_KEY_PATTERN,
      segmentBytes: 8_192,
      batchSegments: 2,
      threads: 1,
      isEnabled: true,
      retireGraceHours: 72,
      ...options.settings,
    };
    this.workflow = new InProcessWorkflow((_, input) => runCheckpointExecution(this.host(), input));
  }

  /** Called when a state gets a worker: the moment between two states. Throwing kills the try. */
  onWorker: (state: string) => void = () => undefined;

  /** A worker of its own; with faults where an injector was given. */
  context(state: string): CheckpointContext {
    this.onWorker(state);
    const plain = this.plainContext();
    return this.injector === null ? plain : injectFaults(plain, this.injector, state);
  }

  plainContext(): CheckpointContext {
    return {
      objects: this.store,
      multipart: this.store,
      retirer: this.store,
      table: this.table,
      codec: this.codec,
      workflow: this.workflow,
      clock: this.clock,
      log: this.log,
      remainingMs: () => this.remainingMs(),
      settings: this.settings,
    };
  }

  host(): WorkflowHost {
    return {
      worker: (state) => this.context(state),
      batchConcurrency: 1,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    };
  }

  /** Uploads without an event. */
  async upload(key: string, bytes: Buffer, metadata = {}): Promise<ObjectVersion> {
    this.clock.advance(1_000);
    await this.store.write({ bucket: SOURCE, key }, bytes, { ifAbsent: false, metadata });
    const head = await this.store.head({ bucket: SOURCE, key });
    if (head.kind !== 'found') {
      throw new Error('expected the upload');
    }
    return head.head.object;
  }

  /** What a read of the key without a version gets. */
  currentUpload(key: string): ObjectVersion {
    const current = this.store.bucket(SOURCE).current(key);
    if (current === null) {
      throw new Error(`expected an object at ${key}`);
    }
    return current.head.object;
  }

  /** Delivers an event; null where it ends in the dead-letter queue. */
  async deliver(object: ObjectVersion): Promise<StartOutput | null> {
    const { bucket, key, versionId } = object;
    for (let delivery = 0; delivery < DELIVERIES_MAX; delivery += 1) {
      try {
        return await startCheckpoint(this.context('start'), { bucket, key, versionId });
      } catch {
        // The queue delivers again.
      }
    }
    return null;
  }

  /** Uploads, delivers the event and waits for all executions. */
  async process(key: string, bytes: Buffer, metadata = {}): Promise<ObjectVersion> {
    const object = await this.upload(key, bytes, metadata);
    await this.deliver(object);
    await this.settle();
    return object;
  }

  async settle(): Promise<void> {
    await this.workflow.settle();
    await this.injector?.settle();
    await this.workflow.settle();
  }

  /** The schedule: again and again until a sweep finds nothing more to do. */
  async reconcileUntilQuiet({ retryFailed = false } = {}): Promise<ReconcileOutput> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      this.clock.advance(3_600_000);
      const output = await this.#reconcileOnce(retryFailed);
      await this.settle();
      if (output?.kind === 'swept' && output.started + output.restarted + output.running === 0) {
        return output;
      }
    }
    throw new Error(`not quiet after ${ROUNDS_MAX} sweeps`);
  }

  async row(object: ObjectVersion): Promise<CheckpointRow | null> {
    const entry = await this.table.read(checkpointKey(checkpointIdOf(object)));
    return entry === null ? null : checkpointRowSchema.parse(entry.body);
  }

  /** The original's bytes by decoding what is stored. */
  async decode(object: ObjectVersion): Promise<Buffer> {
    const row = await this.row(object);
    if (row?.verified === null || row?.verified === undefined) {
      throw new Error(`not verified: ${row?.state} ${row?.reason}`);
    }
    const checkpoint = await openCheckpoint(this.plainContext(), row.verified);
    return checkpoint.read({ offset: 0, length: object.bytes });
  }

  restore(object: ObjectVersion, key: string): Promise<RestoreFinishOutput> {
    const checkpointId = checkpointIdOf(object);
    return runRestoreWorkflow(this.host(), { checkpointId, target: { bucket: STORE, key } });
  }

  /** The bytes at a key of the store bucket, or null. */
  stored(key: string): Buffer | null {
    return this.store.bucket(STORE).current(key)?.bytes ?? null;
  }

  original(object: ObjectVersion): Buffer | null {
    return this.store.bucket(SOURCE).find(object)?.bytes ?? null;
  }

  storedKeys(prefix: string): string[] {
    return this.store
      .bucket(STORE)
      .list(prefix)
      .map(({ version }) => version.head.object.key);
  }

  async #reconcileOnce(retryFailed: boolean): Promise<ReconcileOutput | null> {
    try {
      return await reconcileCheckpoints(this.context('reconcile'), { from: 'saved', retryFailed });
    } catch {
      return null; // the next hour tries again
    }
  }
}

/** Deterministic bytes of a checkpoint; `seed` picks the weights. */
export const weights = (bytes: number, seed: number): Buffer => {
  const out = Buffer.alloc(bytes);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < bytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[index] = state >>> 24;
  }
  return out;
};

/** The same with one byte in `every` changed: the next training step. */
export const nextStep = (bytes: Buffer, every: number): Buffer => {
  const out = Buffer.from(bytes);
  for (let index = every >> 1; index < out.length; index += every) {
    out[index] = (out[index] ?? 0) ^ 0x5a;
  }
  return out;
};

/** A decoder that gives wrong bytes without noticing: a bug of ours, or bad memory. */
export const lyingCodec = (codec: Codec): Codec => ({
  ...codec,
  decodeWindow: async (request) => {
    const bytes = Buffer.from(await codec.decodeWindow(request));
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes;
  },
});
