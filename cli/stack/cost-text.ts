import type { KnownWork } from '../../shared/app/checkpoint/checkpoint-work.ts';
import type { JobWork } from '../../shared/app/dedup/job-work.ts';
import type { Cost } from '../../shared/domain/cost/checkpoint-cost.ts';
import { PRICES, payBackDays } from '../../shared/domain/cost/prices.ts';
import { formatBytes, formatCount, formatRatio } from '../text/quantity.ts';

export interface CheckpointCost extends Cost, KnownWork {
  readonly uri: string;
  readonly versionId: string | null;
  readonly bytes: number;
  readonly bytesOut: number;
  /** The original is gone, so what is saved is real. */
  readonly isRetired: boolean;
  readonly savesUsdPerMonth: number;
}

export interface CostTotal {
  readonly checkpoints: number;
  readonly bytes: number;
  readonly bytesOut: number;
  readonly usd: number;
  readonly savesUsdPerMonth: number;
  /** Of originals that are gone. */
  readonly savedUsdPerMonth: number;
}

const SHOWN_MAX = 20;

/** The most expensive first. */
export function describeCosts(costs: readonly CheckpointCost[]): string {
  const shown = costs.slice(0, SHOWN_MAX).map(describeOne);
  const more = costs.length - shown.length;
  const total = totalOf(costs);
  const days = payBackDays(total.usd, total.savesUsdPerMonth);
  const pays =
    days === null
      ? 'saves nothing'
      : `saves ${usd(total.savesUsdPerMonth)} a month once the originals are gone (${usd(total.savedUsdPerMonth)} already), pays after ${Math.max(1, Math.ceil(days))} days`;
  return [
    ...shown,
    ...(more > 0 ? [`... and ${formatCount(more)} cheaper ones (--format json has all)`] : []),
    `${formatCount(total.checkpoints)} checkpoints: ${formatBytes(total.bytes)} → ${formatBytes(total.bytesOut)}, spent ${usd(total.usd)}; ${pays}`,
    ESTIMATE,
  ].join('\n');
}

export function describeJob(uri: string, { seconds, usd: price }: JobWork): string {
  return `${uri}: dedup job, ${formatCount(Math.round(seconds))} worker seconds, spent ${usd(price)}\n${ESTIMATE}`;
}

export const totalOf = (costs: readonly CheckpointCost[]): CostTotal => {
  const sum = (of: (cost: CheckpointCost) => number): number =>
    costs.reduce((total, cost) => total + of(cost), 0);
  return {
    checkpoints: costs.length,
    bytes: sum(({ bytes }) => bytes),
    bytesOut: sum(({ bytesOut }) => bytesOut),
    usd: sum((cost) => cost.usd),
    savesUsdPerMonth: sum(({ savesUsdPerMonth }) => savesUsdPerMonth),
    savedUsdPerMonth: sum((cost) => (cost.isRetired ? cost.savesUsdPerMonth : 0)),
  };
};

const ESTIMATE = `Estimate: list prices of ${PRICES.region}, ${PRICES.date}; formulas in docs/operations.md.`;

function describeOne(cost: CheckpointCost): string {
  const sizes = `${formatBytes(cost.bytes)} → ${formatBytes(cost.bytesOut)} (${formatRatio(cost.bytes, cost.bytesOut)})`;
  const work = `${cost.seconds.toFixed(1)} worker seconds${cost.basis === 'modelled' ? ' (modelled)' : ''}`;
  return `${usd(cost.usd).padStart(9)}  ${sizes}, ${work}  ${cost.uri}`;
}

/** Two significant digits below a cent: a small checkpoint costs a fraction of one. */
const usd = (value: number): string => {
  if (value === 0) return '$0';
  return Math.abs(value) >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
};
