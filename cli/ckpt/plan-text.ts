import type { Container } from '../../shared/ports/codec.ts';
import { formatBytes } from '../text/quantity.ts';
import type { Estimate, FormEstimate } from './estimate.ts';

export interface PlanFacts {
  readonly name: string;
  readonly base: string | null;
  readonly container: Container;
  readonly estimate: Estimate;
}

/** Below this ratio on samples the price of compressing is rarely earned back. */
const RATIO_LOW = 1.1;
const PAY_BACK_DAYS_LONG = 30;

export function describePlan(facts: PlanFacts): string {
  const { estimate, container, base } = facts;
  const how = container.reason ? `${container.kind} (${container.reason})` : container.kind;
  const samples = `${estimate.samples} samples, ${formatBytes(estimate.sampledBytes)} of it read`;
  const rows: (readonly [string, string])[] = [['by itself', describeForm(estimate.standalone)]];
  if (estimate.delta !== null) {
    rows.push(['as a delta', describeForm(estimate.delta)], ['base', base ?? '']);
  }
  rows.push(['price', `${usd(estimate.compressUsd)} once, to compress and verify on AWS`]);
  rows.push(['saves', describeSavings(estimate)]);
  for (const risk of risksOf(facts)) rows.push(['risk', risk]);
  return [
    `${facts.name}: ${formatBytes(estimate.bytes)}, ${how}; ${samples}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(11)} ${text}`),
    'An estimate from samples; nothing was written.',
  ].join('\n');
}

function describeForm(form: FormEstimate): string {
  const range = `samples ${form.ratioMin.toFixed(2)}x to ${form.ratioMax.toFixed(2)}x`;
  return `about ${formatBytes(form.bytes)} (${form.ratio.toFixed(2)}x; ${range})`;
}

function describeSavings(estimate: Estimate): string {
  if (estimate.payBackDays === null) return 'nothing';
  const days = Math.max(1, Math.ceil(estimate.payBackDays));
  return `${usd(estimate.savedUsdPerMonth)} a month once only the compressed form is kept; pays after ${days} days`;
}

export function risksOf({ estimate, container, base }: PlanFacts): readonly string[] {
  const chosen =
    estimate.usesDelta && estimate.delta !== null ? estimate.delta : estimate.standalone;
  const risks = [
    `the original is kept until you opt in to retire it: until then storage grows by ${formatBytes(chosen.bytes)}`,
  ];
  if (estimate.usesDelta) {
    risks.push('a delta is restored through its base: both must stay (chains end after 8)');
  }
  if (base !== null && !estimate.usesDelta) {
    risks.push('the base saves less than 10%: it would be stored by itself');
  }
  if (chosen.ratio < RATIO_LOW) risks.push('hardly compressible: leave such files out by prefix');
  if ((estimate.payBackDays ?? Infinity) > PAY_BACK_DAYS_LONG) {
    risks.push(`a checkpoint that lives shorter than ${PAY_BACK_DAYS_LONG} days does not pay`);
  }
  if (container.kind === 'opaque') {
    risks.push('no tensors were found: a delta then needs a base of exactly the same length');
  }
  return risks;
}

const usd = (value: number): string =>
  value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
