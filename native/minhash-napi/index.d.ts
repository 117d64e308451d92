/** Node binding of mithril-dedup. Errors carry `code`: the kind of the Rust error, or `Internal`. */

export interface SettingsOptions {
  textKey: string;
  /** A decimal number, as it was written. */
  threshold: string;
  unit: 'word' | 'char';
  n: number;
  permutations: number;
  /** Both or neither; without them the bands suit the threshold. */
  bands?: number;
  rows?: number;
  seed: number;
  /** Without it `verified`. */
  method?: 'verified' | 'exact' | 'lshbloom';
  /** Documents that the filters of `lshbloom` are made for, and their error after so many. */
  bloomDocuments?: number;
  bloomError?: number;
}

export interface NamedFile {
  path: string;
  /** What it is called in reports. */
  name: string;
}

export interface JobOptions {
  /** With any, rows that are like one of theirs are removed, and nothing else is. */
  references: NamedFile[];
  inputs: NamedFile[];
  /** One for each of the inputs. */
  outputs: string[];
  isForced: boolean;
  settings: SettingsOptions;
  /** `first`, `last`, `longest` or `max:FIELD`. */
  keep: string;
  mode: 'drop' | 'drop-all' | 'annotate';
  report?: string;
  idKey?: string;
  rejects?: string;
  /** 0 to 1. */
  badShareMax: number;
  scratch: string;
  /** 0 for all processors. */
  threads: number;
  /** In bytes. */
  memory: number;
}

export interface RunProgress {
  stage: 'idle' | 'hash' | 'candidates' | 'verify' | 'decide' | 'write';
  done: number;
  total: number;
}

export interface RowCounts {
  rows: number;
  kept: number;
  dropped: number;
  rejected: number;
}

export interface RunSummary {
  /** In the order of the inputs; references are not among them. */
  files: RowCounts[];
  total: RowCounts;
  referenceRows: number;
  duplicates: number;
  groups: number;
  candidates: number;
  compared: number;
  /** With `lshbloom`: the probability at the end that a new text is called a duplicate. */
  bloomError?: number;
  seconds: number;
  stages: { stage: string; seconds: number }[];
}

export interface RunEstimate {
  bytes: number;
  rows: number;
  sampleBytes: number;
  sampleRows: number;
  seconds: number;
  scratchBytes: number;
  duplicateShareLow: number;
  duplicateShareHigh: number;
}

/** Bloom filters, and the error that follows from their sizes. */
export interface BloomPlan {
  documents: number;
  bytes: number;
  /** The probability that a text like none of so many documents is called a duplicate. */
  error: number;
  text: string;
}

export interface Curve {
  bands: number;
  rows: number;
  permutations: number;
  /** The probability that a pair is found, at similarities 0.05, 0.10, ... 1. */
  probabilities: number[];
  atThreshold: number;
  text: string;
}

export class DedupJob {
  constructor();
  readonly progress: RunProgress;
  /** Ends the run with code `Cancelled` within a split. */
  cancel(): void;
  run(options: JobOptions): Promise<RunSummary>;
  estimate(options: JobOptions): Promise<RunEstimate>;
  /** Filters for about as many rows as the inputs have. */
  planBloom(options: JobOptions, error: number): Promise<BloomPlan>;
}

export function explainBands(settings: SettingsOptions): Curve;

export interface RowFilesOptions {
  inputs: NamedFile[];
  textKey: string;
  idKey?: string;
  /** 0 to 1. */
  badShareMax: number;
  /** 0 for all processors. */
  threads: number;
  /** In bytes. */
  memory: number;
}

export interface IndexSummary {
  rows: number;
  removedRows: number;
  parts: number;
  bytes: number;
  threshold: string;
  unit: string;
  n: number;
  permutations: number;
  bands: number;
  bandRows: number;
  seed: number;
  /** Rows that the call added or removed, and those that it could not use. */
  changed: number;
  rejected: number;
}

export interface QueryOptions {
  /** A decimal number; without it that of the index. */
  threshold?: string;
  limit: number;
}

export interface QuerySummary {
  rows: number;
  rejected: number;
  matched: number;
}

/** Work on an index, a folder. */
export class DedupIndexJob {
  constructor();
  readonly progress: RunProgress;
  /** Ends the work with code `Cancelled` within a split. */
  cancel(): void;
  build(
    folder: string,
    settings: SettingsOptions,
    isForced: boolean,
    files: RowFilesOptions,
  ): Promise<IndexSummary>;
  add(folder: string, files: RowFilesOptions): Promise<IndexSummary>;
  /** `ids`: JSON values as they stand in the rows; with none, all parts are made one. */
  remove(folder: string, ids: string[]): Promise<IndexSummary>;
  look(folder: string, check: boolean): Promise<IndexSummary>;
  /** A JSON object: `neighbours` and `cut`. */
  query(folder: string, text: string, options: QueryOptions): Promise<string>;
  /** Writes one JSON object a row. */
  queryFiles(
    folder: string,
    files: RowFilesOptions,
    output: string,
    options: QueryOptions,
  ): Promise<QuerySummary>;
}

export interface PieceOfSource {
  source: number;
  offset: number;
  length: number;
}

export interface StageStep {
  /**
   * `read`: the pieces are to be given to the next step; `write`: `bytes` belong to `output`;
   * `done`: `summary` is the answer.
   */
  kind: 'read' | 'write' | 'done';
  pieces: PieceOfSource[];
  /** What will probably be read next. */
  next?: PieceOfSource;
  output: number;
  bytes?: Buffer;
  summary?: string;
}

/** A stage of the job of many machines, whose reads and writes JavaScript does. */
export class DedupStage {
  /** `request`: `{"spec": ..., "call": ...}` in JSON. */
  constructor(request: string);
  /** What the stage needs next. `answer`: the pieces that the step before asked for. */
  step(answer?: Buffer[]): Promise<StageStep>;
  cancel(): void;
}
