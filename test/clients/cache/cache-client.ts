/** Where a build finds the cache. */
export interface Cache {
  readonly url: string;
  readonly token: string;
}

export interface BuildResult {
  readonly code: number;
  /** As the program itself counts them. */
  readonly remoteHits: number;
  /** Steps that it ran itself. */
  readonly built: number;
  /** Digest of what was made. */
  readonly made: string;
  /** What the program wrote, for whoever has to find out why a test failed. */
  readonly log: string;
}

/** A program of others, and a small project that it builds; its steps are counted by `steps`. */
export interface CacheClient {
  readonly steps: number;
  /** Puts the project into an empty folder; another salt gives other sources. */
  prepare(folder: string, salt: number): Promise<void>;
  /** Builds with empty local caches. */
  build(folder: string, cache: Cache): Promise<BuildResult>;
}
