import type {
  BandCurve,
  BloomPlan,
  DedupEstimate,
  DedupJobOptions,
  DedupSettings,
  DedupSummary,
  RunProgress,
} from '../../ports/dedup.ts';

/** What native/minhash-napi exports; its index.d.ts is held to this by native-dedup.test.ts. */
export interface NativeDedup {
  readonly DedupJob: new () => DedupJob;
  explainBands(settings: DedupSettings): BandCurve;
}

export interface DedupJob {
  readonly progress: RunProgress;
  cancel(): void;
  run(options: DedupJobOptions): Promise<DedupSummary>;
  estimate(options: DedupJobOptions): Promise<DedupEstimate>;
  planBloom(options: DedupJobOptions, error: number): Promise<BloomPlan>;
}
