import { BATCH_SEGMENTS_DEFAULT, SEGMENT_BYTES_DEFAULT } from '../../shared/contracts/limits.ts';
import type { SampleSizes } from '../../shared/domain/checkpoint/base-choice.ts';

/**
 * Prices in US dollars, us-east-1, on demand, November 2026. docs/cli.md, section "What plan
 * computes", has the formula and what it leaves out.
 */
export const PRICES = {
  storageGbMonth: 0.023,
  lambdaGbSecond: 0.000_013_333_4,
  put: 0.005 / 1_000,
  get: 0.0004 / 1_000,
  stateTransition: 25 / 1_000_000,
} as const;

const WORKER_GB = 1.769;
/** Worker seconds for one 64 MiB segment, its transfer included: a model, not a measurement. */
const ENCODE_SECONDS = 2.5;
const READ_BASE_SECONDS = 1;
const VERIFY_SECONDS = 0.8;
const TRANSITIONS_PER_BATCH = 6;
const TRANSITIONS_PER_RUN = 10;
const DAYS_PER_MONTH = 30.4;
const GB = 1e9;

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
  const savedUsdPerMonth = ((bytes - chosen.bytes) / GB) * PRICES.storageGbMonth;
  const isWorth = savedUsdPerMonth > 0;
  return {
    bytes,
    sampledBytes: samples.reduce((sum, it) => sum + it.rawBytes, 0),
    samples: samples.length,
    standalone,
    delta,
    usesDelta,
    compressUsd,
    savedUsdPerMonth,
    payBackDays: isWorth ? (compressUsd / savedUsdPerMonth) * DAYS_PER_MONTH : null,
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
  const compute = segments * share * seconds * WORKER_GB * PRICES.lambdaGbSecond;
  const requests = segments * (2 * PRICES.put + (isDelta ? 4 : 3) * PRICES.get);
  const steps = (TRANSITIONS_PER_RUN + batches * TRANSITIONS_PER_BATCH) * PRICES.stateTransition;
  return compute + requests + steps;
}
