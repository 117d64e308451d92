/** Deduplication of files of this machine. Numbers are counts, bytes or seconds, as named. */
export interface DedupRuns {
  run(job: DedupJobOptions, watch: RunWatch): Promise<DedupSummary>;
  /** What a run would take and find, from a sample; no output is written. */
  estimate(job: DedupJobOptions, watch: RunWatch): Promise<DedupEstimate>;
  /** Bloom filters for about as many rows as the inputs have, from the start of each file. */
  planBloom(job: DedupJobOptions, error: number, watch: RunWatch): Promise<BloomPlan>;
  explainBands(settings: DedupSettings): BandCurve;
}

export interface RunWatch {
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RunProgress {
  readonly stage: string;
  /** Bytes of the inputs in the stages `hash` and `write`; bands, or pairs, in the others. */
  readonly done: number;
  readonly total: number;
}

/** What duplicates are. */
export interface DedupSettings {
  readonly textKey: string;
  /** A decimal number, as it was written: no rounding decides what is a duplicate. */
  readonly threshold: string;
  readonly unit: 'word' | 'char';
  readonly n: number;
  readonly permutations: number;
  /** Both or neither; without them the bands suit the threshold. */
  readonly bands?: number | undefined;
  readonly rows?: number | undefined;
  readonly seed: number;
  /** Without it `verified`: near-duplicates, each compared exactly. */
  readonly method?: 'verified' | 'exact' | 'lshbloom';
  /** Documents that the filters of `lshbloom` are made for, and their error after so many. */
  readonly bloomDocuments?: number;
  readonly bloomError?: number;
}

export interface NamedFile {
  readonly path: string;
  readonly name: string;
}

export interface DedupJobOptions {
  /** With any, rows that are like one of theirs are removed, and nothing else is. */
  readonly references: NamedFile[];
  readonly inputs: NamedFile[];
  readonly outputs: string[];
  readonly isForced: boolean;
  readonly settings: DedupSettings;
  /** `first`, `last`, `longest` or `max:FIELD`. */
  readonly keep: string;
  readonly mode: 'drop' | 'drop-all' | 'annotate';
  readonly report?: string;
  readonly idKey?: string;
  readonly rejects?: string;
  /** 0 to 1. */
  readonly badShareMax: number;
  readonly scratch: string;
  /** 0 for all processors. */
  readonly threads: number;
  readonly memory: number;
}

export interface RowCounts {
  readonly rows: number;
  readonly kept: number;
  readonly dropped: number;
  readonly rejected: number;
}

export interface DedupSummary {
  readonly files: readonly RowCounts[];
  readonly total: RowCounts;
  readonly referenceRows: number;
  readonly duplicates: number;
  readonly groups: number;
  readonly candidates: number;
  readonly compared: number;
  /** With `lshbloom`: the probability at the end that a new text is called a duplicate. */
  readonly bloomError?: number;
  readonly seconds: number;
  readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
}

export interface DedupEstimate {
  readonly bytes: number;
  readonly rows: number;
  readonly sampleBytes: number;
  readonly sampleRows: number;
  readonly seconds: number;
  readonly scratchBytes: number;
  readonly duplicateShareLow: number;
  readonly duplicateShareHigh: number;
}

export interface BloomPlan {
  readonly documents: number;
  readonly bytes: number;
  /** The probability that a text like none of so many documents is called a duplicate. */
  readonly error: number;
  readonly text: string;
}

export interface BandCurve {
  readonly bands: number;
  readonly rows: number;
  readonly permutations: number;
  readonly probabilities: readonly number[];
  readonly atThreshold: number;
  readonly text: string;
}
