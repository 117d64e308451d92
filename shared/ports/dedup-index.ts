import type { DedupSettings, NamedFile, RunWatch } from './dedup.ts';

/** Indexes of texts in folders of this machine. Numbers are counts or bytes, as named. */
export interface DedupIndexes {
  build(
    folder: string,
    settings: IndexBuild,
    files: RowFiles,
    watch: RunWatch,
  ): Promise<IndexSummary>;
  add(folder: string, files: RowFiles, watch: RunWatch): Promise<IndexSummary>;
  /** `ids`: JSON values as they stand in the rows. */
  remove(folder: string, ids: readonly string[]): Promise<IndexSummary>;
  /** Makes all parts one, without the removed rows. */
  merge(folder: string): Promise<IndexSummary>;
  look(folder: string, options: { readonly isChecked: boolean }): Promise<IndexSummary>;
  /** A JSON object: `neighbours` and `cut`. */
  query(folder: string, text: string, options: QueryOptions): Promise<string>;
  /** Writes one JSON object a row to `output`. */
  queryFiles(folder: string, query: FileQuery, watch: RunWatch): Promise<QuerySummary>;
}

export interface IndexBuild {
  readonly settings: DedupSettings;
  /** Whether it takes the place of an index that is there. */
  readonly isForced: boolean;
}

export interface RowFiles {
  readonly inputs: NamedFile[];
  readonly textKey: string;
  readonly idKey?: string;
  /** 0 to 1. */
  readonly badShareMax: number;
  /** 0 for all processors. */
  readonly threads: number;
  readonly memory: number;
}

export interface QueryOptions {
  /** A decimal number, as it was written; without it that of the index. */
  readonly threshold?: string;
  readonly limit: number;
}

export interface FileQuery extends QueryOptions {
  readonly files: RowFiles;
  readonly output: string;
}

export interface IndexSummary {
  readonly rows: number;
  readonly removedRows: number;
  readonly parts: number;
  readonly bytes: number;
  readonly threshold: string;
  readonly unit: string;
  readonly n: number;
  readonly permutations: number;
  readonly bands: number;
  readonly bandRows: number;
  readonly seed: number;
  /** Rows that were added or removed, and those that could not be used. */
  readonly changed: number;
  readonly rejected: number;
}

export interface QuerySummary {
  readonly rows: number;
  readonly rejected: number;
  readonly matched: number;
}
