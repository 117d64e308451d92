/**
 * List prices in US dollars, on demand, Lambda on arm64; every estimate uses these. Checked
 * 2026-11; docs/operations.md says what they leave out.
 */
export const PRICES = {
  region: 'us-east-1',
  date: '2026-11',
  lambdaGibSecond: 0.000_013_333_4,
  lambdaRequest: 0.2e-6,
  s3Put: 5e-6,
  s3Get: 0.4e-6,
  s3GibMonth: 0.023,
  stateTransition: 25e-6,
} as const;

const GIB = 1024 ** 3;
const DAYS_PER_MONTH = 30.4;

export const storageUsdPerMonth = (bytes: number): number => (bytes / GIB) * PRICES.s3GibMonth;

/** Days until what was spent is saved; null: it never is. */
export const payBackDays = (spentUsd: number, savesUsdPerMonth: number): number | null =>
  savesUsdPerMonth > 0 ? (spentUsd / savesUsdPerMonth) * DAYS_PER_MONTH : null;

export const computeUsd = (seconds: number, mib: number): number =>
  seconds * (mib / 1_024) * PRICES.lambdaGibSecond;
