import type {
  BandCurve,
  BloomPlan,
  DedupEstimate,
  DedupJobOptions,
  DedupSettings,
  DedupSummary,
  RunProgress,
} from '../../ports/dedup.ts';
import type {
  IndexSummary,
  QueryOptions,
  QuerySummary,
  RowFiles,
} from '../../ports/dedup-index.ts';
import type { StageRun } from '../../ports/dedup-stages.ts';

/** What native/minhash-napi exports; its index.d.ts is held to this by native-dedup.test.ts. */
export interface NativeDedup {
  readonly DedupJob: new () => DedupJob;
  readonly DedupIndexJob: new () => DedupIndexJob;
  readonly DedupStage: new (request: string) => StageRun;
  explainBands(settings: DedupSettings): BandCurve;
}

export interface DedupIndexJob {
  readonly progress: RunProgress;
  cancel(): void;
  build(
    folder: string,
    settings: DedupSettings,
    isForced: boolean,
    files: RowFiles,
  ): Promise<IndexSummary>;
  add(folder: string, files: RowFiles): Promise<IndexSummary>;
  remove(folder: string, ids: string[]): Promise<IndexSummary>;
  look(folder: string, check: boolean): Promise<IndexSummary>;
  query(folder: string, text: string, options: QueryOptions): Promise<string>;
  queryFiles(
    folder: string,
    files: RowFiles,
    output: string,
    options: QueryOptions,
  ): Promise<QuerySummary>;
}

export interface DedupJob {
  readonly progress: RunProgress;
  cancel(): void;
  run(options: DedupJobOptions): Promise<DedupSummary>;
  estimate(options: DedupJobOptions): Promise<DedupEstimate>;
  planBloom(options: DedupJobOptions, error: number): Promise<BloomPlan>;
}
