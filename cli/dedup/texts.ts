import type { DedupEstimate, DedupJobOptions, DedupSummary } from '../../shared/ports/dedup.ts';
import { formatBytes, formatCount, formatSeconds, formatShort } from '../text/quantity.ts';

const PRODUCT = 'mithril-dedup:';

export interface Processed {
  readonly docs: number;
  readonly duplicates: number;
  readonly seconds: number;
}

/** `mithril-dedup: Processed 1.4M docs in 14.2s (98.6K docs/s), found 412K duplicates (29.4%)` */
export function processedLine({ docs, duplicates, seconds }: Processed): string {
  const rate = seconds > 0 ? docs / seconds : 0;
  const pace = `in ${formatSeconds(seconds)} (${formatShort(Math.round(rate))} docs/s)`;
  const share = formatShare(docs === 0 ? 0 : duplicates / docs);
  return `${PRODUCT} Processed ${formatShort(docs)} docs ${pace}, found ${formatShort(duplicates)} duplicates (${share})`;
}

/** One decimal, and two where one would show nothing. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(percent > 0 && percent < 0.095 ? 2 : 1)}%`;
}

export function summaryLines(summary: DedupSummary, job: DedupJobOptions): readonly string[] {
  const { total } = summary;
  const stages = summary.stages.map((it) => `${it.stage} ${formatSeconds(it.seconds)}`).join(', ');
  return [
    `rows: ${formatCount(total.rows)} = ${formatCount(total.kept)} kept + ${formatCount(total.dropped)} dropped; ${formatCount(total.rejected)} rejected`,
    `groups: ${formatCount(summary.groups)}; pairs: ${formatCount(summary.candidates)} candidates, ${formatCount(summary.compared)} compared`,
    `stages: ${stages}`,
    `written: ${job.outputs.join(', ')}`,
  ];
}

export function dryRunText(estimate: DedupEstimate): string {
  const low = formatShare(estimate.duplicateShareLow);
  const high = formatShare(estimate.duplicateShareHigh);
  const isWhole = estimate.sampleBytes >= estimate.bytes;
  return [
    `${PRODUCT} Dry run, nothing was written`,
    `  sample      ${formatCount(estimate.sampleRows)} rows, ${formatBytes(estimate.sampleBytes)}`,
    `  rows        about ${formatShort(estimate.rows)}, ${formatBytes(estimate.bytes)} of lines`,
    `  time        about ${formatSeconds(estimate.seconds)}: that of the sample, scaled by bytes`,
    `  scratch     ${formatBytes(estimate.scratchBytes)}`,
    `  duplicates  ${isWhole ? low : `${low} in the sample; ${high} if they come in pairs spread evenly`}`,
  ].join('\n');
}

export const explainText = (curve: string): string => curve.trimEnd();
