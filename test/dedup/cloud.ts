import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts';
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts';
import { MemoryObjectStore } from '../../shared/adapters/memory/memory-object-store.ts';
import { openDedupStages } from '../../shared/adapters/native/dedup-stages.ts';
import type { DedupContext } from '../../shared/app/dedup/context.ts';
import { type DedupHost, runDedupExecution } from '../../shared/app/dedup/run-job.ts';
import type { DedupLimits } from '../../shared/contracts/dedup-job.ts';
import type { DedupReportOutput } from '../../shared/contracts/dedup-states.ts';
import type { Injector } from '../faults/injector.ts';
import { injectPorts } from '../faults/injector.ts';

export const DATA = 'data';
export const STORE = 'store';
export const IN = 'datasets/set/';
export const OUT = 'deduplicated/set/';

const stages = openDedupStages();
const START_MS = Date.UTC(2026, 0, 1);
const SECOND_MS = 1_000;

export interface DedupCloudOptions {
  readonly injector?: Injector;
  readonly limits?: Partial<DedupLimits>;
  readonly taskConcurrency?: number;
}

/** Small enough that the few rows of a test take several tasks, buckets and bins. */
export const SMALL: Partial<DedupLimits> = {
  taskBytes: 20_000,
  parts: 2,
  bucketBytes: 60_000,
  binBytes: 40_000,
};

/** Buckets and state machine of one account, in memory. */
export class DedupCloud {
  readonly clock = new ManualClock(START_MS);
  readonly store: MemoryObjectStore;
  readonly log = new MemoryLog();
  readonly #options: DedupCloudOptions;
  injector: Injector | null;

  constructor(options: DedupCloudOptions = {}) {
    const bucket = { isVersioned: false, hasChecksum: true };
    this.store = new MemoryObjectStore({ [DATA]: bucket, [STORE]: bucket }, () =>
      this.clock.nowMs(),
    );
    this.#options = options;
    this.injector = options.injector ?? null;
  }

  /** Called when a state gets a worker. Throwing kills the try. */
  onWorker: (state: string) => void = () => undefined;

  context(state: string): DedupContext {
    this.onWorker(state);
    const plain: DedupContext = {
      objects: this.store,
      multipart: this.store,
      stages,
      clock: this.clock,
      log: this.log,
      remainingMs: () => Number.POSITIVE_INFINITY,
      settings: { storeBucket: STORE, limits: this.#options.limits ?? SMALL },
    };
    return this.injector === null
      ? plain
      : { ...plain, ...injectPorts(plain, this.injector, state) };
  }

  host(): DedupHost {
    return {
      worker: (state) => this.context(state),
      taskConcurrency: this.#options.taskConcurrency ?? 1,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    };
  }

  async put(name: string, bytes: Uint8Array | string): Promise<void> {
    this.clock.advance(SECOND_MS);
    const target = { bucket: DATA, key: `${IN}${name}` };
    await this.store.write(target, Buffer.from(bytes), { ifAbsent: false });
  }

  run(changes: object = {}): Promise<DedupReportOutput> {
    return runDedupExecution(this.host(), {
      input: { bucket: DATA, prefix: IN },
      output: { bucket: DATA, prefix: OUT },
      ...changes,
    });
  }

  /** What lies at a name of the output, or null. */
  output(name: string): Buffer | null {
    return this.store.bucket(DATA).current(`${OUT}${name}`)?.bytes ?? null;
  }

  /** Names of all outputs, in order. */
  outputs(): string[] {
    const all = this.store.bucket(DATA).list(OUT);
    return all.map(({ version }) => version.head.object.key.slice(OUT.length)).sort();
  }
}
