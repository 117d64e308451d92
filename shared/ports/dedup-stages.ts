import type { BandCurve, DedupSettings } from './dedup.ts';

/** The stages of a job, whose reads and writes the caller does. */
export interface DedupStages {
  /** `request`: `{"spec": ..., "call": ...}` in JSON (native/minhash, module job). */
  open(request: string): StageRun;
  explainBands(settings: DedupSettings): BandCurve;
}

export interface StageRun {
  /** What the stage needs next. `answer`: the pieces that the step before asked for. */
  step(answer?: Buffer[]): Promise<StageStep>;
  /** Gives the stage up. */
  cancel(): void;
}

export interface StagePiece {
  readonly source: number;
  readonly offset: number;
  readonly length: number;
}

export interface StageStep {
  /** `read`: pieces are wanted; `write`: `bytes` belong to `output`; `done`: see `summary`. */
  readonly kind: 'read' | 'write' | 'done';
  readonly pieces: readonly StagePiece[];
  /** What will probably be read next. */
  readonly next?: StagePiece;
  readonly output: number;
  readonly bytes?: Buffer;
  readonly summary?: string;
}
