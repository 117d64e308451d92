import { BATCH_SEGMENTS_DEFAULT, SEGMENT_BYTES_DEFAULT } from '../../shared/contracts/limits.ts';
import type { SampleSizes } from '../../shared/domain/checkpoint/base-choice.ts';
import { costOfCheckpoint } from '../../shared/domain/cost/checkpoint-cost.ts';
import { payBackDays, storageUsdPerMonth } from '../../shared/domain/cost/prices.ts';

/** Worker seconds for one 64 MiB segment, its transfer included: a model, not a measurement. */
const ENCODE_SECONDS = 2.5;
const READ_BASE_SECONDS = 1;
const VERIFY_SECONDS = 0.8;

export interface FormEstimate {
  readonly bytes: number;
  readonly ratio: number;
  /** Ratios of the worst and the best sample. */
  readonly ratioMin: number;
  readonly ratioMax: number;
}

export interface Estimate {
  readonly bytes: number;
  readonly sampledBytes: number;
  readonly samples: number;
  readonly standalone: FormEstimate;
  readonly delta: FormEstimate | null;
  readonly usesDelta: boolean;
  readonly compressUsd: number;
  /** While only the compressed form is kept. */
  readonly savedUsdPerMonth: number;
  /** Null: it never pays. */
  readonly payBackDays: number | null;
}

export interface EstimateInput {
  readonly bytes: number;
  readonly samples: readonly SampleSizes[];
  readonly hasBase: boolean;
  /** The least gain of a delta over the standalone form, as a share. */
  readonly gainMin: number;
}

export function estimate(input: EstimateInput): Estimate {
  const { bytes, samples } = input;
  const standalone = estimateForm(bytes, samples, (it) => it.standaloneBytes);
  const delta = input.hasBase ? estimateForm(bytes, samples, (it) => it.deltaBytes) : null;
  const usesDelta = delta !== null && delta.bytes <= standalone.bytes * (1 - input.gainMin);
  const chosen = usesDelta && delta !== null ? delta : standalone;
  const compressUsd = priceOf(bytes, usesDelta);
  const savedUsdPerMonth = storageUsdPerMonth(bytes - chosen.bytes);
  return {
    bytes,
    sampledBytes: samples.reduce((sum, it) => sum + it.rawBytes, 0),
    samples: samples.length,
    standalone,
    delta,
    usesDelta,
    compressUsd,
    savedUsdPerMonth,
    payBackDays: payBackDays(compressUsd, savedUsdPerMonth),
  };
}

function estimateForm(
  bytes: number,
  samples: readonly SampleSizes[],
  stored: (sample: SampleSizes) => number,
): FormEstimate {
  const raw = samples.reduce((sum, it) => sum + it.rawBytes, 0);
  const kept = samples.reduce((sum, it) => sum + stored(it), 0);
  const ratios = samples.map((it) => it.rawBytes / Math.max(1, stored(it)));
  const ratio = raw === 0 ? 1 : raw / Math.max(1, kept);
  return {
    bytes: Math.round(bytes / ratio),
    ratio,
    ratioMin: ratios.length > 0 ? Math.min(...ratios) : 1,
    ratioMax: ratios.length > 0 ? Math.max(...ratios) : 1,
  };
}

/** Compressing and verifying once, on Lambda. */
function priceOf(bytes: number, isDelta: boolean): number {
  const segments = Math.max(1, Math.ceil(bytes / SEGMENT_BYTES_DEFAULT));
  const batches = Math.ceil(segments / BATCH_SEGMENTS_DEFAULT);
  const share = Math.min(1, bytes / SEGMENT_BYTES_DEFAULT);
  const seconds = ENCODE_SECONDS + VERIFY_SECONDS + (isDelta ? READ_BASE_SECONDS : 0);
  const billed = segments * share * seconds;
  return costOfCheckpoint({ segments, batches, seconds: billed, hasBase: isDelta }).usd;
}
